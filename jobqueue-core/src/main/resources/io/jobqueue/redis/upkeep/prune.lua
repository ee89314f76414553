-- Removes jobs that retention no longer keeps, by age or count, from the oldest end of both histories; at most 100 each
-- per call.
-- KEYS the queue's
-- ARGV[1] age of completed jobs (ms)  [2] how many to keep  [3] age of dead letters (ms)  [4] how many to keep
-- returns { completed jobs dropped, dead letters dropped, how long until the next one is too old (ms), -1 when there is
--   none }
-- needs: doors/record words/first-write words/totals
read('HLEN', META)
read('LLEN', COMPLETED)
read('LLEN', FAILED)
local PAGE = 100
local due = -1
local function sooner(ms)
  due = due < 0 and ms or math.min(due, ms)
end
local function prune(history, status, ended_at, age, keep)
  local over = call('LLEN', history) - keep
  local ids = call('LRANGE', history, -PAGE, -1)
  local drop = 0
  for i = #ids, 1, -1 do
    local f = try('HMGET', JOB .. ids[i], 'status', ended_at)
    local kept = not f.err and f[1] == status -- else an id that outlived its job
    if kept and drop >= over and now - number(f[2], now) <= age then
      sooner(number(f[2], now) + age - now + 1)
      break
    end
    drop = drop + 1
    if kept then
      call('UNLINK', JOB .. ids[i])
    end
  end
  if drop > 0 then
    call('RPOP', history, drop)
  end
  if drop == PAGE then
    sooner(0)
  end
  return drop
end
local completed = prune(COMPLETED, 'completed', 'completed_at_ms', tonumber(ARGV[1]), tonumber(ARGV[2]))
local failed = prune(FAILED, 'failed', 'last_error_at_ms', tonumber(ARGV[3]), tonumber(ARGV[4]))
begin_writing()
count('dropped_total', failed)
if drop_old_records then
  drop_old_records()
end
return { completed, failed, due }
