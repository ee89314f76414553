-- Changes the time at which a waiting job is due.
-- KEYS the queue's
-- ARGV[1] the id  [2] when: '+ms' from now, or 'ms' of the epoch
-- returns R rescheduled, N no such job, P it is being processed, E it has ended, F it is not in the list that its
--   status names
-- needs: words/first-write words/deadline doors/join doors/wait-again doors/unschedule doors/leave-pending
local id, when = ARGV[1], ARGV[2]
local due = string.sub(when, 1, 1) == '+' and now + tonumber(when) or tonumber(when)
read('LLEN', PENDING)
earliest = tonumber(read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])
local f = read('HMGET', JOB .. id, 'status', 'deadline', 'started_at_ms')
local status = f[1]
if not status then
  return 'N'
elseif status == 'processing' then
  return 'P'
elseif status ~= 'pending' and status ~= 'scheduled' then
  return 'E'
elseif status == 'pending' and due <= now then
  return 'R' -- it is due already, and keeps its place
end
local near = status == 'pending' and end_near(id)
if status == 'pending' and not near then
  return 'F'
end
begin_writing()
if near then
  leave_pending(id, near)
elseif not unschedule(id) then
  return 'F'
end
local deadline = not f[3] and renewed_deadline(f[2], due) -- the time of a job that was never started begins when it is due
if deadline then
  call('HSET', JOB .. id, 'deadline', deadline)
end
wait_again(id, due, false, 'due_at_ms', text(math.max(now, due)))
let_in()
return 'R'
