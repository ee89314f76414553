-- Ends attempts, each only if its token still owns the job. A unit's output or failure is written in the same step.
-- KEYS the queue's
-- ARGV[1] completed jobs to keep  [2] dead letters to keep  [3] how long a run's keys live on (ms); then for each attempt:
--   id, token, verb (COMPLETE | RETRY | FAIL | RELEASE), text (result or error), output (of a unit or a gather), delay (ms), max_attempts, run_id, unit_id
-- The field `ended` (token:verb:answer) of the last attempt that did not complete lets a repeat have its answer.
-- returns { one digit an attempt: 0 refused, 1 done, 2 had been done, 3 is a final failure instead; dead letters dropped;
--   { run id, state, … } of the runs that ended }
local keep_completed, keep_failed, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local REFUSED, DONE, ALREADY, ENDED = '0', '1', '2', '3'
read('LLEN', PENDING)
read('LLEN', WAKE)
read('LLEN', COMPLETED)
read('LLEN', FAILED)
read('HLEN', META)
local in_flight = read('LLEN', PROCESSING)
local earliest = read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2]

local answers, entries = {}, {}
for i = 4, #ARGV, 9 do
  local id, token, verb, words = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local run, unit = ARGV[i + 7], ARGV[i + 8]
  local f = try('HMGET', JOB .. id, 'status', 'claim_token', 'attempts', 'max_attempts', 'fence', 'ended', 'gathers')
  local answer = REFUSED
  if token ~= '' and not f.err then
    if f[1] == 'processing' and f[2] == token then
      answer = DONE
    elseif verb == 'COMPLETE' and f[1] == 'completed' and f[2] == token then
      answer = ALREADY
    elseif f[6] == token .. ':' .. verb .. ':' .. DONE then
      answer = ALREADY
    elseif f[6] == token .. ':' .. verb .. ':' .. ENDED then
      answer = ENDED
    end
  end
  answers[#answers + 1] = answer
  if answer == DONE then
    local asked = verb
    local attempts, limit = number(f[3], 1), number(f[4], 0)
    if limit == 0 then
      limit = tonumber(ARGV[i + 6])
    end
    local refused = verb == 'COMPLETE' and run ~= '' and refusal(run, unit, id)
    local unwanted = (verb == 'RETRY' or verb == 'RELEASE') and cancelled(id, run, f[7])
    if refused then
      verb, answers[#answers], words = 'FAIL', ENDED, refused
    elseif unwanted then
      verb, answers[#answers], words = 'FAIL', ENDED, unwanted
    elseif verb == 'RETRY' and attempts >= limit then
      verb, answers[#answers] = 'FAIL', ENDED
    end
    entries[#entries + 1] = {
      at = #answers, id = id, ended = token .. ':' .. asked .. ':' .. answers[#answers], verb = verb,
      words = words, output = ARGV[i + 4],
      delay = tonumber(ARGV[i + 5]), attempts = attempts, fence = number(f[5], 0), run = run, unit = unit,
      gathers = f[7],
    }
  end
end
if #entries == 0 then
  return { table.concat(answers), 0, {} }
end

begin_writing()
-- Taking an id out of a long list: LREM passes about 100 entries a microsecond, so above a budget the place is searched
-- by the fence, by which the list is sorted but for foreign claims; the place is marked, and all marks go in one LREM.
local scan = #entries * in_flight <= 200000
local marks = 0
local probed = {} -- id and fence by distance from the tail; the first steps of every search are the same
local function probe(at)
  local seen = probed[at]
  if not seen then
    local id = call('LINDEX', PROCESSING, -(at + 1))
    local f = id and id ~= '' and try('HGET', JOB .. id, 'fence')
    seen = { id, type(f) == 'string' and tonumber(f) or nil }
    probed[at] = seen
  end
  return seen[1], seen[2]
end
local function place_of(entry)
  local low, high = 0, in_flight - 1 -- distances from the tail; the fence grows with the distance
  local steps = 0
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local at, id, fence = middle, nil, nil
    repeat
      steps = steps + 1
      if steps > 100 then
        return nil -- among so many foreign claims a scan is quicker
      end
      id, fence = probe(at)
      if id == entry.id then
        return at
      end
      at = at - 1
    until fence or at < low
    if not fence or fence < entry.fence then
      low = middle + 1
    else
      high = at
    end
  end
end
local function take_out(entry)
  local at = not scan and place_of(entry)
  if at then
    call('LSET', PROCESSING, -(at + 1), '')
    probed[at] = { '', entry.fence }
    marks = marks + 1
    return true
  end
  local removed = call('LREM', PROCESSING, -1, entry.id)
  in_flight = in_flight - removed
  if removed > 0 then
    probed = {}
  end
  return removed == 1
end

local completed, back, front, sooner = {}, {}, {}, false
local failed, retried = 0, 0
for _, entry in ipairs(entries) do
  local id, hash = entry.id, JOB .. entry.id
  if not take_out(entry) then
    answers[entry.at] = REFUSED
  elseif entry.verb == 'COMPLETE' then
    call('HSET', hash, 'status', 'completed', 'completed_at_ms', text(now), 'result', entry.words)
    completed[#completed + 1] = id
    if entry.run ~= '' then
      put_unit(entry.run, entry.unit, id, entry.output, ttl)
    end
    end_gather(entry.gathers, id, 'completed', entry.output)
    publish(id, 'completed')
  elseif entry.verb == 'FAIL' then
    call('HSET', hash, 'ended', entry.ended)
    bury(id, entry.words)
    fail_for_run(id, entry.run, entry.unit, entry.gathers, entry.words, ttl)
    failed = failed + 1
  else
    call('PERSIST', hash)
    call('HSET', hash, 'claim_token', '', 'claimed_at_ms', '0', 'ended', entry.ended)
    if entry.verb == 'RELEASE' then
      call('HSET', hash, 'status', 'pending', 'attempts', text(math.max(0, entry.attempts - 1)))
      front[#front + 1] = entry
    else
      local due = now + entry.delay
      call('HSET', hash, 'last_error', entry.words, 'last_error_at_ms', text(now), 'due_at_ms', text(due), 'status',
        entry.delay > 0 and 'scheduled' or 'pending')
      if entry.delay > 0 then
        call('ZADD', DELAYED, text(due), id)
        sooner = sooner or not earliest or due < tonumber(earliest)
      else
        back[#back + 1] = id
      end
      retried = retried + 1
      publish(id, 'retry')
    end
  end
end
if marks > 0 then
  call('LREM', PROCESSING, -marks, '')
end

if #completed > 0 then
  call('LPUSH', COMPLETED, unpack(completed))
  trim(COMPLETED, 'completed', keep_completed)
  count('completed_total', #completed)
end
local dropped = 0
if failed > 0 then
  dropped = trim(FAILED, 'failed', keep_failed)
  count('failed_total', failed)
  count('dropped_total', dropped)
end
count('retried_total', retried)
if #back > 0 then
  call('LPUSH', PENDING, unpack(back))
end
if #front > 0 then
  -- the one that was claimed first is to be the next again
  table.sort(front, function(a, b) return a.fence > b.fence end)
  for _, entry in ipairs(front) do
    call('RPUSH', PENDING, entry.id)
  end
  count('released_total', #front)
end
if #back > 0 or #front > 0 or sooner then
  hint()
end
return { table.concat(answers), dropped, end_runs() }
