-- Adds units to a run, and the job of each. A unit that has an output is passed over, one whose job waits or runs is left
-- alone, and one that failed, or whose job is gone, gets its job anew; so adding twice is adding once.
-- KEYS the queue's; then the key of this call, which answers a replay by the driver
-- ARGV[1] how long the call is remembered (ms)  [2] run_id  [3] mode: `add` needs an open run, `start` takes a sealed one too
--   [4] units that a run may have  [5] largest output (bytes); then for each unit:
--   unit_id, job id, kind, payload, max_attempts, headers ('' = none)
-- returns what stopped it, followed by a colon and one letter a unit that was dealt with, which may be the first few only:
--   '' went on, `unstarted`, `full`, or the state of a run that takes no units; `completed` in mode `start` asks for `again`
--   C created, R created anew, A alive, S has its output
local answered = read('GET', KEYS[#KEYS])
if answered then
  return answered
end
local id, mode, most, largest = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local run = the_run(id)
read('LLEN', COMPLETED)
if not run then
  return 'unstarted:'
end
local ended = has_ended(run)
local lenient = mode == 'start' and (run.state == 'sealed' or run.state == 'completed')
if run.state ~= 'open' and not lenient then
  return run.state .. ':'
end

local BUDGET = 200000 -- entries of histories that are passed to take ids out of them
local histories = { completed = COMPLETED, failed = FAILED }
local lengths = { completed = read('LLEN', COMPLETED), failed = read('LLEN', FAILED) }
local members, letters, plan, seen = call('HLEN', UNITS .. id), {}, {}, {}
for i = 6, #ARGV, 6 do
  local unit, job = ARGV[i], ARGV[i + 1]
  local letter, status = 'A', nil
  if not seen[unit] then
    seen[unit] = true
    local member = call('HGET', UNITS .. id, unit)
    status = try('HGET', JOB .. job, 'status')
    if type(status) == 'table' then
      error(JOB .. job .. ': ' .. status.err, 0)
    end
    if call('HEXISTS', OUTPUTS .. id, unit) == 1 then
      letter = 'S'
    elseif status == 'completed' and member == job and not call('HGET', FAILURES .. id, unit) then
      letter = 'F' -- by a client that knows no runs
    elseif status ~= 'pending' and status ~= 'scheduled' and status ~= 'processing' then
      letter = member and 'R' or 'C'
      BUDGET = BUDGET - (lengths[status] or 0)
      if BUDGET < 0 and #plan > 0 then
        break
      end
    end
    if ended and (not member or letter ~= 'A' and letter ~= 'S') then
      return run.state .. ':'
    elseif not member then
      members = members + 1
      if members > most then
        return 'full:'
      end
    end
    plan[#plan + 1] = { i, letter, status }
  end
  letters[#letters + 1] = letter == 'F' and 'S' or letter
end

-- the first write needs memory on purpose: a full Redis refuses the whole call
local created = 0
local round = call('HGET', RUN .. id, 'round')
for _, entry in ipairs(plan) do
  local i, letter, status = entry[1], entry[2], entry[3]
  local unit, job, kind, payload = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  if not ended then
    call('HSET', UNITS .. id, unit, job)
  end
  if letter == 'F' then
    catch_up(id, unit, job, largest)
  elseif letter == 'C' or letter == 'R' then
    local steps, stands = {}, false
    if status then
      if histories[status] then
        call('LREM', histories[status], 1, job)
      end
      local old = call('HGETALL', JOB .. job)
      local before = {}
      for at = 1, #old, 2 do
        before[old[at]] = old[at + 1]
      end
      -- steps that the job has done stay done, unless it is another job now
      for name, value in pairs(before) do
        if before.payload == payload and string.sub(name, 1, 5) == 'step:' then
          steps[name] = value
        end
      end
      stands = status == 'failed' and before.in_pending ~= nil
      call('UNLINK', JOB .. job)
    end
    call('HDEL', FAILURES .. id, unit)
    create_job(job, kind, payload, ARGV[i + 4], ARGV[i + 5], { 'run_id', id, 'unit_id', unit, 'round', round },
      stands)
    for name, value in pairs(steps) do
      call('HSET', JOB .. job, name, value)
    end
    created = created + 1
  end
end
local answer = ':' .. table.concat(letters)
call('SET', KEYS[#KEYS], answer, 'PX', ARGV[1])
if not ended then
  call('HSET', RUN .. id, 'touched_at_ms', text(now))
end
count('enqueued_total', created)
if created > 0 then
  hint()
end
return answer
