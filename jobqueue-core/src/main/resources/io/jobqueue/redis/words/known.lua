-- Stops the script when nobody can tell what some ids have: Redis refuses to read their keys, for example while a cluster
-- moves them. A key of another type can be read: it is no job.
local function stop_unless_known(ids)
  for _, id in ipairs(ids) do
    local f = try('HGET', JOB .. id, 'status')
    if type(f) == 'table' and not string.find(f.err, 'WRONGTYPE', 1, true) then
      error(JOB .. id .. ': ' .. f.err, 0)
    end
  end
end
