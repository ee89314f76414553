-- Goes on from `complete`: ends the attempts that did not just complete. A unit's output or failure is written in the same
-- step.
-- needs: words/runs words/endings
local keep_failed, ttl = tonumber(ARGV[2]), tonumber(ARGV[3])
local back, front, sooner = {}, {}, false
local failed, retried = 0, 0

-- Why an attempt is a final failure instead of what it asks for; nil when it is not.
local function failure_of(id, verb, attempts, limit, words, run, unit, gathers)
  if verb == 'DELIVER' then
    return run ~= '' and refusal(run, unit, id) or nil
  elseif verb == 'FAIL' then
    return nil
  end
  return cancelled(id, run, gathers) or verb == 'RETRY' and attempts >= limit and words or nil
end

-- The answer to an attempt whose token does not own its job: it may be a repeat. The field `ended` (token:verb:answer) of
-- the last attempt that did not complete tells.
local function answer_again(hash, status, owner, token, verb)
  if token == '' then
    return REFUSED
  elseif verb == 'DELIVER' and status == 'completed' and owner == token then
    return ALREADY
  end
  local ended, asked = try('HGET', hash, 'ended'), token .. ':' .. verb .. ':'
  return ended == asked .. DONE and ALREADY or ended == asked .. ENDED and ENDED or REFUSED
end

local entries = {}
for i = others_at, #ARGV, 9 do
  local id, token, verb, words, run, unit = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 7], ARGV[i + 8]
  local hash, at = JOB .. id, #answers + 1
  local f
  if verb == 'DELIVER' then
    f = try('HMGET', hash, 'status', 'claim_token', 'gathers')
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
      run = run, unit = unit, gathers = f[3],
    }
  else
    answers[at] = answer_again(hash, f[1], f[2], token, verb)
  end
end

-- What `answer_again` will look for.
local function trace_of(entry)
  return entry.token .. ':' .. entry.asked .. ':' .. answers[entry.at]
end

for _, entry in ipairs(entries) do
  local id, hash = entry.id, entry.hash
  if not take_out(id, hash) then
    answers[entry.at] = REFUSED
  elseif entry.verb == 'DELIVER' then
    complete(id, hash, entry.words)
    if entry.run ~= '' then
      put_unit(entry.run, entry.unit, id, entry.output, ttl)
    end
    end_gather(entry.gathers, id, 'completed', entry.output)
  elseif entry.verb == 'FAIL' then
    call('HSET', hash, 'ended', trace_of(entry))
    bury(id, entry.words)
    fail_for_run(id, entry.run, entry.unit, entry.gathers, entry.words, ttl)
    failed = failed + 1
  else
    call('PERSIST', hash)
    call('HSET', hash, 'claim_token', '', 'claimed_at_ms', '0', 'ended', trace_of(entry))
    if entry.verb == 'RELEASE' then
      call('HSET', hash, 'status', 'pending', 'attempts', text(math.max(0, entry.attempts - 1)))
      front[#front + 1] = entry
    else
      local due = now + tonumber(entry.delay)
      call('HSET', hash, 'last_error', entry.words, 'last_error_at_ms', NOW, 'due_at_ms', text(due), 'status',
        due > now and 'scheduled' or 'pending')
      if due > now then
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
forget_marks()
keep_history()
local dropped = 0
if failed > 0 then
  dropped = trim(FAILED, 'failed', call('LLEN', FAILED), keep_failed)
  count('failed_total', failed)
  count('dropped_total', dropped)
end
count('retried_total', retried)
if #back > 0 then
  call('LPUSH', PENDING, unpack(back))
end
if #front > 0 then
  -- the one that was claimed first is to be the next again
  table.sort(front, function(a, b) return number(a.fence, 0) > number(b.fence, 0) end)
  for _, entry in ipairs(front) do
    call('RPUSH', PENDING, entry.id)
  end
  count('released_total', #front)
end
if #back > 0 or #front > 0 or sooner then
  hint()
end
return { table.concat(answers), dropped, end_runs() }
