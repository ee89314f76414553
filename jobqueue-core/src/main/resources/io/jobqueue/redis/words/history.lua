-- Shared by the scripts that end jobs: the two histories, and the message that tells of an end.

-- Deletes the hashes of jobs that dropped out of a history, but for those that have come to life again since.
local function forget(ids, status)
  local gone = {}
  for _, id in ipairs(ids) do
    local hash = JOB .. id
    if try('HGET', hash, 'status') == status then
      gone[#gone + 1] = hash
    end
  end
  if #gone > 0 then
    call('UNLINK', unpack(gone))
  end
end

-- Drops the oldest of a history that has `length` entries down to `keep`, at most 300 a call; returns how many.
local function trim(history, status, length, keep)
  local over = math.min(length - keep, 300)
  if over <= 0 then
    return 0
  end
  forget(call('RPOP', history, over), status)
  return over
end

-- The guide's message. `by` tells other processes of ours that this script has told the job's run already.
local function publish(id, status)
  call('PUBLISH', EVENTS, '{"id":' .. cjson.encode(id) .. ',"status":"' .. status .. '","by":"jobqueue"}')
end
