-- Shared by the scripts that work on one run.
-- needs: words/runs

-- Checks the types of the further keys that the end of a run writes.
local function check_queue()
  read('LLEN', PENDING)
  read('ZCARD', AGENDA)
  read('ZCARD', RUNS)
end

-- A started run; nil when nobody started it.
local function the_run(id)
  check_queue()
  read('HLEN', RUN .. id)
  local run = run_of(id)
  if run and run.spoilt then
    error(run.spoilt, 0)
  end
  return run
end

-- Deletes all keys of a run; returns how many there were.
local function forget_run(id)
  try('ZREM', RUNS, id)
  try('ZREM', AGENDA, id)
  return call('UNLINK', unpack(keys_of(id)))
end

-- The id for a job whose own id another job has taken.
local function another_id(id, round)
  return string.sub(redis.sha1hex(id .. ':' .. round .. ':' .. NOW), 1, 32)
end
