-- The door through which a job takes its unique key and frees it.
--
-- A key contains the id of a job, and the hash of that job says whether the job still holds the key. So a key is free
-- when the job is gone, or when a client that does not know unique keys ended the job.

-- Gives the key to a job. When another job holds the key, nothing changes, and the function returns the id and status
-- of that job.
--   hold    until when the job holds the key: `waiting` until it is claimed, `done` until it ends, `within` for a
--   period
--   period  how long, for `within` (ms)
local function take_unique(id, hold, key, period)
  local name = ROOT .. 'unique:' .. key
  local holder = try('GET', name)
  if type(holder) == 'string' then
    local f = try('HMGET', JOB .. holder, 'status', 'unique')
    local waits = f[1] == 'pending' or f[1] == 'scheduled'
    if f[2] == 'done:' .. key and (waits or f[1] == 'processing') or f[2] == 'waiting:' .. key and waits
      or call('PTTL', name) > 0 then
      return holder, f[1]
    end
  end
  if hold == 'within' then
    call('SET', name, id, 'PX', period)
  else
    call('SET', name, id)
  end
end

-- Frees the key of a job that ends. A key that is held for a period stays.
--   unique  the job's field of that name, if it has one
local function give_back_unique(id, unique)
  local hold, key = string.match(unique or '', '^(%a+):(.+)$')
  local name = key and ROOT .. 'unique:' .. key
  if hold and hold ~= 'within' and try('GET', name) == id then
    try('DEL', name)
  end
end
