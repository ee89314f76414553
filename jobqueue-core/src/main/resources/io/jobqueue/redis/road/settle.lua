-- Goes on from `road/complete`: ends the attempts that did not just complete. The output or the failure of a unit is written
-- in the same step.
-- needs: words/runs words/run-ends words/units words/totals words/unknown words/errors words/deadline doors/end doors/fail doors/follow doors/join doors/unique doors/wait-again
local keep_failed, ttl, keep_errors = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
earliest = next_due

-- Why an attempt becomes a final failure instead of the end that it asks for; nil when it does not.
local function failure_of(entry, limit)
  local verb = entry.asked
  if verb == 'DELIVER' then
    return entry.run ~= '' and refusal(entry.run, entry.unit, entry.id) or nil
  elseif entry.more == 'cancelled' then
    return UNWANTED
  elseif verb == 'FAIL' then
    return nil
  end
  local over = verb == 'RETRY' and entry.attempts >= limit or verb == 'UNKNOWN' and now - entry.since >= entry.delay
  return cancelled(entry.id, entry.run, entry.gathers) or over and entry.words
    or verb == 'RETRY' and past_deadline(entry.deadline, entry.words) or nil
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
  return trace == asked .. DONE and ALREADY or trace == asked .. ENDED and ENDED or trace == asked .. UNDONE and UNDONE or REFUSED
end

local entries = {}
for i = others_at, #ARGV, 10 do
  local id, token, verb, words = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local hash, at = JOB .. id, #answers + 1
  local f
  if verb == 'DELIVER' then
    f = try('HMGET', hash, 'status', 'claim_token', 'gathers', 'unique', 'next')
  else
    f = try('HMGET', hash, 'status', 'claim_token', 'gathers', 'attempts', 'max_attempts', 'fence', 'unknown_since', 'more',
      'deadline')
  end
  if f[1] == 'processing' and f[2] == token and token ~= '' then
    local entry = {
      at = at, id = id, hash = hash, token = token, asked = verb, verb = verb, words = words,
      output = ARGV[i + 4] ~= '' and ARGV[i + 4] or words, delay = tonumber(ARGV[i + 5]), run = ARGV[i + 7], unit = ARGV[i + 8],
      details = ARGV[i + 9], gathers = f[3], unique = verb == 'DELIVER' and f[4], chain = verb == 'DELIVER' and f[5], attempts = number(f[4], 1), fence = f[6],
      was_unknown = f[7], more = f[8],
    }
    entry.spared = math.max(0, entry.attempts - 1) -- what a job has whose claim costs no attempt
    entry.since = verb == 'UNKNOWN' and unknown_since(f[7], entry.spared)
    entry.deadline = verb == 'RETRY' and retried_until(f[9])
    local limit = number(f[5], 0)
    local failure = failure_of(entry, limit > 0 and limit or entry.deadline and math.huge or tonumber(ARGV[i + 6]))
    if failure then
      entry.verb, entry.words = 'FAIL', failure
    end
    answers[at] = failure == UNWANTED and UNDONE or failure and ENDED or DONE
    entries[#entries + 1] = entry
  else
    answers[at] = answer_again(hash, f[1], f[2], token, verb)
  end
end

-- Writes the field that `answer_again` reads.
local function trace_of(entry)
  return entry.token .. ':' .. entry.asked .. ':' .. answers[entry.at]
end

-- Lets a job wait again.
local function hand_back(entry, due, at_head, ...)
  call('PERSIST', entry.hash)
  if entry.was_unknown and entry.verb ~= 'UNKNOWN' then
    call('HDEL', entry.hash, 'unknown_since') -- a worker had the job that knows it
  end
  wait_again(entry.id, due, at_head, 'claim_token', '', 'claimed_at_ms', '0', 'ended', trace_of(entry), ...)
end

-- Keeps why an attempt failed; one that is given back has not failed.
local function note_error(entry)
  if entry.asked == 'RETRY' or entry.asked == 'FAIL' then
    keep_error(entry.hash, text(entry.attempts), entry.details, entry.words, keep_errors)
  end
end

local released, failed, retried, snoozed, unknown = {}, 0, 0, 0, 0
for _, entry in ipairs(entries) do
  local id, hash = entry.id, entry.hash
  if not leave(id, hash) then
    answers[entry.at] = REFUSED
  elseif entry.verb == 'DELIVER' then
    complete(id, hash, entry.words)
    give_back_unique(id, entry.unique)
    follow(hash, entry.chain, entry.words)
    if entry.run ~= '' then
      put_unit(entry.run, entry.unit, id, entry.output, ttl)
    end
    end_gather(entry.gathers, id, 'completed', entry.output)
  elseif entry.verb == 'FAIL' then
    call('HSET', hash, 'ended', trace_of(entry))
    note_error(entry)
    if entry.since then
      call('HSET', hash, 'attempts', text(entry.spared))
    end
    fail(id, entry.words, entry.run, entry.unit, entry.gathers, ttl)
    failed = failed + 1
  elseif entry.verb == 'RELEASE' then
    released[#released + 1] = entry
  elseif entry.verb == 'SNOOZE' then
    local due = now + entry.delay
    hand_back(entry, due, false, 'due_at_ms', text(due), 'attempts', text(entry.spared))
    snoozed = snoozed + 1
  elseif entry.verb == 'UNKNOWN' then
    local due = due_again(entry.since, entry.delay)
    hand_back(entry, due, false, 'attempts', text(entry.spared), 'unknown_since', text(entry.since) .. ':' .. text(entry.spared),
      'last_error', entry.words, 'last_error_at_ms', NOW, 'due_at_ms', text(due))
    unknown = unknown + 1
  else
    local due = math.min(now + entry.delay, entry.deadline or math.huge) -- the last retry is due at the deadline
    note_error(entry)
    hand_back(entry, due, false, 'last_error', entry.words, 'last_error_at_ms', NOW, 'due_at_ms', text(due))
    retried = retried + 1
    ended(id, 'retry')
  end
end
-- the job that was claimed first is to be the next again
table.sort(released, function(a, b) return number(a.fence, 0) > number(b.fence, 0) end)
for _, entry in ipairs(released) do
  hand_back(entry, now, true, 'attempts', text(entry.spared))
end
let_in()
forget_marks()
keep_completed(tonumber(ARGV[1]))
local dropped = keep_dead(keep_failed)
count('failed_total', failed)
count('dropped_total', dropped)
count('retried_total', retried)
count('released_total', #released + snoozed)
count('unknown_total', unknown)
local runs_ended = end_runs()
return { table.concat(answers), dropped, runs_ended, followers, refusal_to_publish }
