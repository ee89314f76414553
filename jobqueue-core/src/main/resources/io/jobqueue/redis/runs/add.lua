-- Adds units to a run, and the job of each. A unit with an output and a unit whose job waits or runs do not change; a
-- unit that failed, or whose job is gone, gets a new job. So a repeat adds nothing. Jobs of an earlier run with this id
-- do no harm: a waiting job becomes the new one, and a running job gets a second one beside it.
-- KEYS the queue's; then, for a client that may send a call twice, the key that remembers the reply to this call
-- ARGV[1] how long the call is remembered (ms)  [2] run_id  [3] mode: `add` needs an open run, `start` accepts a sealed
--   one too
--   [4] units that a run may have  [5] largest output (bytes); then for each unit:
--   unit_id, job id, kind, payload, max_attempts, headers ('' = none)
-- returns why it stopped, followed by a colon and one letter for each unit that it handled, perhaps only the first few:
--   '' no reason, `unstarted`, `full`, or the state of a run that accepts no units; `completed` in mode `start` asks
--   for `again`
--   C created, R created again, A alive, S has its output (F among them: finished by a guide client, so it has one now)
-- needs: words/call words/runs words/run-ends words/one-run words/foreign-ends words/totals doors/join doors/unschedule
local answered = CALL and read('GET', CALL)
if answered then
  return answered
end
local id, mode, most, largest = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local run = the_run(id)
read('ZCARD', DELAYED)
if not run then
  return 'unstarted:'
end
local over = has_ended(run)
local lenient = mode == 'start' and (run.state == 'sealed' or run.state == 'completed')
if run.state ~= 'open' and not lenient then
  return run.state .. ':'
end

local BUDGET = 200000 -- entries of histories that are passed to take ids out of them
local histories = { completed = COMPLETED, failed = FAILED }
local lengths = { completed = read('LLEN', COMPLETED), failed = read('LLEN', FAILED) }
local round = call('HGET', RUN .. id, 'round')
local members, letters, plan, seen = call('HLEN', UNITS .. id), {}, {}, {}
for i = 6, #ARGV, 6 do
  local unit, job = ARGV[i], ARGV[i + 1]
  local letter, status = 'A', nil
  if not seen[unit] then
    seen[unit] = true
    local member = run[UNITS] and call('HGET', UNITS .. id, unit)
    job = member or job
    status = try('HGET', JOB .. job, 'status')
    if type(status) == 'table' then
      error(JOB .. job .. ': ' .. status.err, 0)
    end
    if run[OUTPUTS] and call('HEXISTS', OUTPUTS .. id, unit) == 1 then
      letter = 'S'
    elseif not member then
      letter = 'C'
      if status == 'processing' then
        job, status = another_id(job, round), nil
      end
    elseif status == 'completed' and is_foreign(job) and call('HEXISTS', FAILURES .. id, unit) == 0 then
      if not may_read(call('HSTRLEN', JOB .. job, 'result')) then
        break
      end
      letter = 'F'
    elseif status ~= 'pending' and status ~= 'scheduled' and status ~= 'processing' then
      letter = 'R'
    end
    if letter == 'C' or letter == 'R' then
      BUDGET = BUDGET - (lengths[status] or 0)
      if BUDGET < 0 and #plan > 0 then
        break
      end
    end
    if over and (not member or letter ~= 'A' and letter ~= 'S') then
      return run.state .. ':'
    elseif not member then
      members = members + 1
      if members > most then
        return 'full:'
      end
    end
    plan[#plan + 1] = { i, letter, job, status }
  end
  letters[#letters + 1] = letter == 'F' and 'S' or letter
end

-- The finished steps of a job stay finished when the job runs again; the script does not read their values, which may
-- be large.
local function keep_steps(job)
  local others = {}
  for _, name in ipairs(call('HKEYS', JOB .. job)) do
    if string.sub(name, 1, 5) ~= 'step:' then
      others[#others + 1] = name
    end
  end
  call('HDEL', JOB .. job, unpack(others))
  call('PERSIST', JOB .. job)
end

-- the first write needs memory on purpose: a full Redis refuses the whole call
local created, jobs = 0, {}
for _, entry in ipairs(plan) do
  jobs[#jobs + 1], jobs[#jobs + 2] = ARGV[entry[1]], entry[3]
end
if not over and #jobs > 0 then
  call('HSET', UNITS .. id, unpack(jobs))
end
read_so_far = 0 -- of what was weighed above
for _, entry in ipairs(plan) do
  local i, letter, job, status = entry[1], entry[2], entry[3], entry[4]
  local unit, kind, payload = ARGV[i], ARGV[i + 2], ARGV[i + 3]
  if letter == 'F' then
    catch_up(id, unit, job, largest)
  elseif letter == 'A' and not over then
    -- a client of the guide may have taken it after a cancel
    call('HDEL', FAILURES .. id, unit)
    call('PERSIST', JOB .. job)
  elseif letter == 'C' or letter == 'R' then
    if histories[status] then
      call('LREM', histories[status], 1, job)
    elseif status == 'scheduled' then
      unschedule(job)
    end
    local mark = status == 'failed' and call('HMGET', JOB .. job, 'in_pending', 'attempts')
    if status ~= 'pending' and not (mark and mark[1] and mark[1] == mark[2]) then
      join(job, now) -- else it stands there
    end
    if letter == 'R' and call('HSTRLEN', JOB .. job, 'payload') == #payload
      and call('HGET', JOB .. job, 'payload') == payload then
      keep_steps(job)
    elseif status then
      call('UNLINK', JOB .. job)
    end
    if run[FAILURES] then
      call('HDEL', FAILURES .. id, unit)
    end
    create_for_run(job, kind, payload, ARGV[i + 4], ARGV[i + 5], { 'run_id', id, 'unit_id', unit, 'round', round, 'more', '1' })
    created = created + 1
  end
end
let_in()
local answer = ':' .. table.concat(letters)
if CALL then
  call('SET', CALL, answer, 'PX', ARGV[1])
end
if not over then
  call('HSET', RUN .. id, 'touched_at_ms', NOW)
end
count('enqueued_total', created)
return answer
