-- Shared by the scripts that look after units whose jobs were ended by clients that know no runs.

-- The JSON of a result from a foreign hand, or nil and what is wrong with it.
local function foreign_output(result, largest)
  if not result or result == '' then
    return 'null'
  elseif #result > largest then
    return nil, 'result-too-large: another client left ' .. #result .. ' bytes'
  elseif not pcall(cjson.decode, result) then
    return nil, 'bad-output: what another client left is no JSON'
  end
  return result
end

-- Whether a completed job was claimed by a client that knows no runs: ours leave the claim's token in `lease`. Only such a
-- client leaves a result without an output.
local function is_foreign(job)
  local f = call('HMGET', JOB .. job, 'claim_token', 'lease')
  return string.sub(f[2] or '', 1, #(f[1] or '') + 1) ~= (f[1] or '') .. ':'
end

-- Gives a unit the end that its job had, if it had one. Any end that our own scripts wrote is there already.
local function catch_up(id, unit, job, largest)
  if call('HEXISTS', OUTPUTS .. id, unit) == 1 or call('HEXISTS', FAILURES .. id, unit) == 1 then
    return
  end
  local f = try('HMGET', JOB .. job, 'status', 'result', 'last_error', 'payload')
  if f.err or not (f[1] or f[4]) then
    fail_unit(id, unit, job, 'lost: its job is gone', 0)
  elseif f[1] == 'completed' and not is_foreign(job) then
    fail_unit(id, unit, job, 'lost: its output is gone', 0)
  elseif f[1] == 'completed' then
    local output, why = foreign_output(f[2], largest)
    if output then
      put_unit(id, unit, job, output, 0)
    else
      fail_unit(id, unit, job, why, 0)
    end
  elseif f[1] == 'failed' then
    fail_unit(id, unit, job, f[3] or 'failed', 0)
  end
end

-- The same for the gather job of an ended run.
local function catch_up_gather(run, largest)
  local f = try('HMGET', JOB .. run.gather, 'status', 'result', 'last_error', 'payload')
  if f.err or not (f[1] or f[4]) then
    end_gather(run.id, run.gather, 'failed', 'lost: its job is gone')
  elseif f[1] == 'completed' then
    local output, why = foreign_output(f[2], largest)
    end_gather(run.id, run.gather, output and 'completed' or 'failed', output or why)
  elseif f[1] == 'failed' then
    end_gather(run.id, run.gather, 'failed', f[3] or 'failed')
  end
end

-- Takes away a page of the jobs that wait in a cancelled run; 1 if there may be more. `cancel` is how far it has come.
local function cancel_page(run)
  local id = run.id
  local cursor = call('HGET', RUN .. id, 'cancel')
  if not cursor then
    return 0
  end
  local page = call('HSCAN', UNITS .. id, cursor, 'COUNT', 200)
  local ended = 0
  for i = 1, #page[2], 2 do
    local unit, job = page[2][i], page[2][i + 1]
    if call('HEXISTS', OUTPUTS .. id, unit) == 0 and cancel_if_waiting(job, CANCELLED, text(run.expires or now)) then
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
