-- Goes on from `road/complete`: ends the attempts that did not just complete. The output or the failure of a unit is written
-- in the same step.
-- needs: words/runs words/run-ends words/units words/totals doors/end doors/fail doors/join doors/unique doors/wait-again
local keep_failed, ttl = tonumber(ARGV[2]), tonumber(ARGV[3])
earliest = next_due

-- Why an attempt becomes a final failure instead of the end that it asks for; nil when it does not.
local function failure_of(id, verb, attempts, limit, words, run, unit, gathers)
  if verb == 'DELIVER' then
    return run ~= '' and refusal(run, unit, id) or nil
  elseif verb == 'FAIL' then
    return nil
  end
  return cancelled(id, run, gathers) or verb == 'RETRY' and attempts >= limit and words or nil
end

-- The answer to an attempt whose token does not own its job. The attempt may be a repeat: the field `ended`
-- (token:verb:answer) of the job belongs to the last attempt that did not complete.
local function answer_again(hash, status, owner, token, verb)
  if token == '' then
    return REFUSED
  elseif verb == 'DELIVER' and status == 'completed' and owner == token then
    return ALREADY
  end
  local trace, asked = try('HGET', hash, 'ended'), token .. ':' .. verb .. ':'
  return trace == asked .. DONE and ALREADY or trace == asked .. ENDED and ENDED or REFUSED
end

local entries = {}
for i = others_at, #ARGV, 9 do
  local id, token, verb, words, run, unit = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 7], ARGV[i + 8]
  local hash, at = JOB .. id, #answers + 1
  local f
  if verb == 'DELIVER' then
    f = try('HMGET', hash, 'status', 'claim_token', 'gathers', 'unique')
  else
    f = try('HMGET', hash, 'status', 'claim_token', 'gathers', 'attempts', 'max_attempts', 'fence')
  end
  if f[1] == 'processing' and f[2] == token and token ~= '' then
    local attempts, limit = number(f[4], 1), number(f[5], 0)
    local failure = failure_of(id, verb, attempts, limit > 0 and limit or tonumber(ARGV[i + 6]), words, run, unit, f[3])
    answers[at] = failure and ENDED or DONE
    entries[#entries + 1] = {
      at = at, id = id, hash = hash, token = token, asked = verb, verb = failure and 'FAIL' or verb, words = failure or words,
      output = ARGV[i + 4] ~= '' and ARGV[i + 4] or words, delay = ARGV[i + 5], attempts = attempts, fence = f[6],
      run = run, unit = unit, gathers = f[3], unique = verb == 'DELIVER' and f[4],
    }
  else
    answers[at] = answer_again(hash, f[1], f[2], token, verb)
  end
end

-- Writes the field that `answer_again` reads.
local function trace_of(entry)
  return entry.token .. ':' .. entry.asked .. ':' .. answers[entry.at]
end

local released, failed, retried, snoozed = {}, 0, 0, 0
for _, entry in ipairs(entries) do
  local id, hash = entry.id, entry.hash
  if not leave(id, hash) then
    answers[entry.at] = REFUSED
  elseif entry.verb == 'DELIVER' then
    complete(id, hash, entry.words)
    give_back_unique(id, entry.unique)
    if entry.run ~= '' then
      put_unit(entry.run, entry.unit, id, entry.output, ttl)
    end
    end_gather(entry.gathers, id, 'completed', entry.output)
  elseif entry.verb == 'FAIL' then
    call('HSET', hash, 'ended', trace_of(entry))
    fail(id, entry.words, entry.run, entry.unit, entry.gathers, ttl)
    failed = failed + 1
  elseif entry.verb == 'RELEASE' then
    released[#released + 1] = entry
  elseif entry.verb == 'SNOOZE' then
    local due = now + tonumber(entry.delay)
    call('PERSIST', hash)
    wait_again(id, due, false, 'claim_token', '', 'claimed_at_ms', '0', 'ended', trace_of(entry), 'due_at_ms', text(due),
      'attempts', text(math.max(0, entry.attempts - 1)))
    snoozed = snoozed + 1
  else
    local due = now + tonumber(entry.delay)
    call('PERSIST', hash)
    wait_again(id, due, false, 'claim_token', '', 'claimed_at_ms', '0', 'ended', trace_of(entry), 'last_error', entry.words,
      'last_error_at_ms', NOW, 'due_at_ms', text(due))
    retried = retried + 1
    ended(id, 'retry')
  end
end
-- the job that was claimed first is to be the next again
table.sort(released, function(a, b) return number(a.fence, 0) > number(b.fence, 0) end)
for _, entry in ipairs(released) do
  call('PERSIST', entry.hash)
  wait_again(entry.id, now, true, 'claim_token', '', 'claimed_at_ms', '0', 'ended', trace_of(entry),
    'attempts', text(math.max(0, entry.attempts - 1)))
end
let_in()
forget_marks()
keep_completed(tonumber(ARGV[1]))
local dropped = keep_dead(keep_failed)
count('failed_total', failed)
count('dropped_total', dropped)
count('retried_total', retried)
count('released_total', #released + snoozed)
local runs_ended = end_runs()
return { table.concat(answers), dropped, runs_ended, refusal_to_publish }
