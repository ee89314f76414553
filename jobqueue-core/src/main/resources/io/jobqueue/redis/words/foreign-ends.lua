-- Finds units whose jobs were ended by clients that do not know runs, and ends these units.
-- needs: words/runs words/run-ends words/units words/totals doors/cancel doors/record

-- A call reads at least one result, and more while they fit into this number of bytes, because checking large ones
-- takes time.
local read_so_far, MOST_READ = 0, 512 * 1024
local function may_read(size)
  local may = read_so_far == 0 or read_so_far + size <= MOST_READ
  read_so_far = may and read_so_far + size or read_so_far
  return may
end

-- Whether a completed job was claimed by a client that knows no runs: ours leave the claim's token in `lease`. Only
-- such a client leaves a result without an output.
local function is_foreign(job)
  local f = call('HMGET', JOB .. job, 'claim_token', 'lease')
  return string.sub(f[2] or '', 1, #(f[1] or '') + 1) ~= (f[1] or '') .. ':'
end

-- Whether the job or the output of a unit, which this look misses, is lost; and what is to be done when a look finds it.
-- A script that looks again and again sets both; for the others nothing is lost.
local is_lost, found

-- How a job has ended: `completed` and its output, `failed` and the reason, `later` when this call has read enough; nil
-- when it has not ended.
local function end_of(job, largest)
  local f = try('HMGET', JOB .. job, 'status', 'last_error')
  if f.err and not string.find(f.err, 'WRONGTYPE', 1, true) then
    return nil -- nobody can tell, for example while a cluster moves the key
  elseif f.err or not f[1] and call('HEXISTS', JOB .. job, 'payload') == 0 then
    return is_lost and is_lost('unit|' .. job) and 'failed' or nil, 'lost: its job is gone'
  end
  if found then
    found('unit|' .. job)
  end
  if f[1] == 'failed' then
    return 'failed', f[2] or 'failed'
  elseif f[1] ~= 'completed' then
    return nil
  elseif not is_foreign(job) then
    return is_lost and is_lost('output|' .. job) and 'failed' or nil, 'lost: its output is gone'
  end
  local size = call('HSTRLEN', JOB .. job, 'result')
  if size == 0 then
    return 'completed', 'null'
  elseif size > largest then
    return 'failed', 'result-too-large: another client left ' .. size .. ' bytes'
  elseif not may_read(size) then
    return 'later'
  end
  local result = call('HGET', JOB .. job, 'result')
  if not pcall(cjson.decode, result) then
    return 'failed', 'bad-output: what another client left is no JSON'
  end
  return 'completed', result
end

-- Notes the end of a job by another client, when a look finds it. What is lost has ended before, or its end is unknown.
local function note_end(job, outcome, words)
  if record and (outcome == 'completed' or outcome == 'failed' and string.sub(words, 1, 5) ~= 'lost:') then
    record(job, outcome, words, 'another client')
  end
end

-- Ends a unit in the way its job ended, if the job has ended. Ends by our own scripts are already there. Returns
-- whether the unit is done.
local function catch_up(id, unit, job, largest)
  if call('HEXISTS', OUTPUTS .. id, unit) == 1 then
    if found then
      found('output|' .. job)
    end
    return true
  end
  local outcome, words = end_of(job, largest)
  if outcome and call('HEXISTS', FAILURES .. id, unit) == 1 then
    return true
  elseif outcome == 'completed' then
    put_unit(id, unit, job, words, 0)
  elseif outcome == 'failed' then
    fail_unit(id, unit, job, words, 0)
  end
  note_end(job, outcome, words)
  return outcome ~= 'later'
end

-- The same for the gather job of an ended run.
local function catch_up_gather(run, largest)
  local outcome, words = end_of(run.gather, largest)
  if outcome and outcome ~= 'later' then
    note_end(run.gather, outcome, words)
    end_gather(run.id, run.gather, outcome, words)
  end
  return outcome ~= 'later'
end

-- Removes a page of the jobs that wait in a cancelled run; 1 if there may be more. The field `cancel` stores the
-- position.
local function cancel_page(run)
  local id = run.id
  local cursor = call('HGET', RUN .. id, 'cancel')
  if not cursor then
    return 0
  end
  local page = call('HSCAN', UNITS .. id, cursor, 'COUNT', 100)
  local ended = 0
  for i = 1, #page[2], 2 do
    local unit, job = page[2][i], page[2][i + 1]
    if call('HEXISTS', OUTPUTS .. id, unit) == 0 and cancel_waiting(job, CANCELLED, text(run.expires or now)) then
      run[FAILURES] = true
      call('HSET', FAILURES .. id, unit, CANCELLED)
      ended = ended + 1
    end
  end
  expire(run, { FAILURES .. id })
  count('cancelled_total', ended)
  if page[1] == '0' then
    call('HDEL', RUN .. id, 'cancel')
    return 0
  end
  call('HSET', RUN .. id, 'cancel', page[1])
  return 1
end
