-- The two ways in which a unit ends: with an output, or with a failure. A unit may also belong to a run that nobody
-- started, which consists only of its hashes; their keys live for `ttl` ms after the last write.
-- needs: words/runs words/run-ends

local BESIDE = { FAILURES, EARLY } -- a unit with an output is in neither

-- The reason why a job must not write the output of its unit; nil when it may.
local function refusal(id, unit, job)
  local run = run_of(id)
  if run and run.spoilt then
    return 'bad-output: ' .. run.spoilt
  elseif run then
    return try('HGET', UNITS .. id, unit) ~= job and 'bad-output: the run was started, and this job is not the one of its unit' or nil
  elseif type(try('HLEN', OUTPUTS .. id)) == 'table' then
    return 'bad-output: ' .. OUTPUTS .. id .. ' is not a hash'
  end
end

-- Whether a job was a unit of a started run that has been evicted since, so that its output is useless.
local function is_stray(job)
  return type(try('HGET', JOB .. job, 'round')) == 'string'
end

local function touch(run, ttl)
  call('PEXPIRE', OUTPUTS .. run, ttl)
  call('PEXPIRE', FAILURES .. run, ttl)
  call('PEXPIRE', EARLY .. run, ttl)
  call('PEXPIRE', RUN .. run, ttl)
end

-- Ends a unit with its output; the caller has checked `refusal`. The first output stays, even if another job of the
-- unit ends later.
local function put_unit(id, unit, job, output, ttl)
  local run = run_of(id)
  if run then
    if call('HSETNX', OUTPUTS .. id, unit, output) == 1 then
      for _, hash in ipairs(BESIDE) do
        if run[hash] then
          call('HDEL', hash .. id, unit)
        end
      end
      note(run, unit)
    end
  elseif not is_stray(job) then
    call('HSETNX', OUTPUTS .. id, unit, output)
    try('HDEL', FAILURES .. id, unit)
    try('HDEL', EARLY .. id, unit)
    touch(id, ttl)
  end
end

-- Ends a unit with a failure, unless it has an output. Keys of another type are not touched.
local function fail_unit(id, unit, job, reason, ttl)
  if id == '' or unit == '' then
    return
  end
  local run = run_of(id)
  if run then
    if not refusal(id, unit, job) and call('HEXISTS', OUTPUTS .. id, unit) == 0 then
      run[FAILURES] = true
      call('HSET', FAILURES .. id, unit, reason)
      note(run, unit)
    end
  elseif try('HEXISTS', OUTPUTS .. id, unit) ~= 1 and not is_stray(job) then
    try('HSET', FAILURES .. id, unit, reason)
    touch(id, ttl)
  end
end
