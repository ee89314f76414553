-- Totals are fields of `meta`. A script increases a total after its transition; if that fails, the transition still
-- holds.

local function count(total, by)
  if by > 0 and type(try('HINCRBY', META, total, by)) == 'table' then
    try('HSET', META, total, by) -- the field held no number
  end
end
