-- Reads depths, totals and the wait of the next job, all at one instant.
-- KEYS the queue's
-- returns { pending, processing, delayed, completed, failed, wait of the next pending job (ms) or -1,
--   then the totals of enqueued, completed, failed, retried, released, unknown, reclaimed, lost, dropped, purged and
--   repaired; since when the queue is paused (ms of the epoch), or nothing; who paused it, or
--   nothing; of each kind that is paused or was resumed:
--   { kind, state, since when, who paused it, how many of its jobs are held } }
-- needs: words/paused-kinds
local reply = {
  read('LLEN', PENDING), read('LLEN', PROCESSING), read('ZCARD', DELAYED), read('LLEN', COMPLETED), read('LLEN', FAILED), -1,
}
local id = call('LINDEX', PENDING, -1)
if id then
  local f = try('HMGET', JOB .. id, 'enqueued_at_ms', 'due_at_ms')
  if not f.err then
    reply[6] = math.max(0, now - math.max(number(f[1], now), number(f[2], 0)))
  end
end
local totals = read('HMGET', META, 'enqueued_total', 'completed_total', 'failed_total', 'retried_total', 'released_total',
  'unknown_total', 'reclaimed_total', 'lost_total', 'dropped_total', 'purged_total', 'repaired_total', 'paused',
  'paused_kinds', 'paused_by')
for i = 1, 11 do
  reply[6 + i] = number(totals[i], 0)
end
reply[18], reply[19], reply[20] = totals[12], totals[14], {}
for i, each in ipairs(paused_kinds(totals[13])) do
  reply[20][i] = { each.kind, each.state, each.since, each.by, call('ZCOUNT', DELAYED, each.first, each.last) }
end
return reply
