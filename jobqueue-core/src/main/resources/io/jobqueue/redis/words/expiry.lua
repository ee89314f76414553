-- Whether no worker has started a job in time. The time begins when the job is due.
local function has_expired(hash, enqueued)
  local f = call('HMGET', hash, 'expires_in_ms', 'due_at_ms', 'started_at_ms')
  local time = number(f[1], nil)
  return time and not f[3] and now > math.max(number(f[2], 0), number(enqueued, now)) + time
end
