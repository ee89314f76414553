-- The histories: `completed`, and `failed`, which holds the dead letters. A job that leaves its history is deleted.

-- Deletes the hashes of jobs that left the history, except those that were enqueued again since.
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

-- Drops the oldest entries of a history that has `length` entries down to `keep`, at most 300 a call; returns how many.
local function trim(history, status, length, keep)
  local over = math.min(length - keep, 300)
  if over <= 0 then
    return 0
  end
  forget(call('RPOP', history, over), status)
  return over
end
