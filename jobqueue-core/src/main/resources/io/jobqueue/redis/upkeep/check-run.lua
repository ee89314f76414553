-- Checks one run, the next on the agenda. It ends a run whose deadline has passed, continues the walk over its units to
-- find ends by other clients, reports a run that makes no progress, and removes a run that has expired or is gone.
-- KEYS the queue's
-- ARGV[1] time between two walks over the units of a run (ms)  [2] largest output (bytes)  [3] lease (ms)
-- returns { 1 if the next one may be due, else 0; 1 if there are live runs, else 0; { run id, state, gather job, its
--   kind, … } of those that ended; { id of the run that is overdue }; why Redis refused a message, if it did }
-- needs: words/first-write words/publish words/runs words/run-ends words/one-run words/foreign-ends words/missing
local PAGE = 200
local pause, largest = tonumber(ARGV[1]), tonumber(ARGV[2])
local patience = math.max(pause, tonumber(ARGV[3]))
found = forget_missing
is_lost = function(what)
  if miss(what, patience) > now then
    return false
  end
  forget_missing(what)
  return true
end
read('ZCARD', DELAYED)
local first = read('ZRANGE', AGENDA, 0, 0, 'WITHSCORES')
if not first[1] then
  return { 0, 0, {}, {} }
elseif number(first[2], 0) > now then
  -- the next check of a live run is never far away
  return { 0, number(first[2], 0) <= now + LOOK and 1 or 0, {}, {} }
end
check_queue()
local id = first[1]
local run = run_of(id)
begin_writing()
if not run then
  call('ZREM', AGENDA, id)
  call('ZREM', RUNS, id)
  return { 1, 0, {}, {} }
elseif run.spoilt then
  call('ZADD', AGENDA, text(now + LOOK), id)
  return { 1, 1, {}, call('HSETNX', RUN .. id, 'overdue_at_ms', NOW) == 1 and { id } or {} }
end

local more, ended_runs, overdue = 1, {}, {}
local f = call('HMGET', RUN .. id, 'sealed_at_ms', 'gather_after_ms', 'touched_at_ms', 'deadline_ms', 'overdue_at_ms', 'walk',
  'walked_at_ms')
local look = now + pause

-- Reports once that a run has made no progress for too long; otherwise schedules the check for that time.
local function report_if_quiet()
  local touched_at, deadline = number(f[3], now), number(f[4], nil)
  if not deadline or number(f[5], -1) >= touched_at or touched[id] then
    return
  elseif now - touched_at > deadline then
    call('HSET', RUN .. id, 'overdue_at_ms', NOW)
    tell(id, 'overdue')
    overdue = { id }
  else
    look = math.min(look, touched_at + deadline + 1)
  end
end

if is_being_gathered(run) then
  report_if_quiet()
  call('ZADD', AGENDA, text(look), id)
  catch_up_gather(run, largest)
  return { more, 1, {}, overdue, refusal_to_publish }
elseif has_ended(run) then
  if (run.expires or 0) <= now then
    forget_run(id)
  else
    call('ZADD', AGENDA, text(run.state == 'cancelled' and cancel_page(run) == 1 and now or run.expires), id)
  end
  return { more, 0, {}, {}, refusal_to_publish }
end

local due = run.state == 'sealed' and number(f[2], nil) and number(f[1], now) + number(f[2], 0) or math.huge
local walked = number(f[7], 0)

-- one page of the walk; a run whose deadline has passed is walked over once more
if f[6] or now - walked >= pause or walked < due and due <= now then
  local cursor = f[6] or '0'
  local page = call('HSCAN', UNITS .. id, cursor, 'COUNT', PAGE)
  local all = true
  for i = 1, #page[2], 2 do
    all = catch_up(id, page[2][i], page[2][i + 1], largest) and all
  end
  if all and page[1] == '0' then
    walked = now
    call('HDEL', RUN .. id, 'walk')
    call('HSET', RUN .. id, 'walked_at_ms', NOW)
  else
    call('HSET', RUN .. id, 'walk', all and page[1] or cursor)
    look = now
  end
  ended_runs = end_runs()
end
end_if_complete(run, ended_runs)
if not has_ended(run) and due <= now and due <= walked then
  end_run(run, 'completed')
  report_end(run, ended_runs)
end

if not has_ended(run) then
  look = math.min(look, due)
  report_if_quiet()
  call('ZADD', AGENDA, text(look), id)
end
return { more, 1, ended_runs, overdue, refusal_to_publish }
