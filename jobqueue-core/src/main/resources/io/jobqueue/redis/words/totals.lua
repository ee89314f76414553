-- Totals are fields of `meta`. A script raises a total after its transition, and a total that cannot be raised breaks nothing.

local function count(total, by)
  if by > 0 and type(try('HINCRBY', META, total, by)) == 'table' then
    try('HSET', META, total, by) -- the field held no number
  end
end
