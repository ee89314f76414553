-- The door through which the id of a job that was cancelled where it waited leaves `pending`. See doors/cancel.

-- Lets the hash of such a job expire, because its id stands in `pending` no more. Does nothing to any other job.
local function pass_over(hash)
  local f = try('HMGET', hash, 'in_pending', 'delete_at_ms', 'status', 'attempts')
  if not f[1] then
    return
  end
  call('HDEL', hash, 'in_pending', 'delete_at_ms')
  local delete_at = number(f[2], nil)
  if delete_at and f[3] == 'failed' and f[1] == (f[4] or '0') then -- else a client of the guide took the job
    call('PEXPIREAT', hash, text(delete_at))
  end
end
