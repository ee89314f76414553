-- Reads the state of a job and what the job waits for. Writes nothing.
-- KEYS the queue's
-- ARGV[1] the id
-- returns { the time; since when the queue is paused, or nothing; who paused it, or nothing; the fields of the job's hash and their values; its
--   place among the jobs of its status, 1 for the next one, 0 when it is not there, -1 when it is too far from both
--   ends; how many jobs have that status; 1 if the job holds its unique key; of its run {} or { id, state, units,
--   outputs, failures, some units that have not ended }; {} or, when its kind is paused or was resumed, { kind, state,
--   since when, who paused it, how many of its jobs are held, 1 if the job is one of them } }
-- needs: words/paused-kinds words/runs
local NEAR = 10000 -- entries that are searched at each end of a list
local MISSING, LOOKED_AT = 10, 1000 -- units that are named, and looked at for that
local id = ARGV[1]
local flat = read('HGETALL', JOB .. id)
local f = {}
for i = 1, #flat, 2 do
  f[flat[i]] = flat[i + 1]
end

local kind = paused_kinds(read('HGET', META, 'paused_kinds')).of(f.kind, f.payload)
local is_held, held_now = 0, kind and read('ZCOUNT', DELAYED, kind.first, kind.last) or 0

-- Jobs leave `pending` at its right end, so that is where the order begins.
local function place_in_pending()
  local length = read('LLEN', PENDING)
  local at = call('LPOS', PENDING, id, 'RANK', -1, 'MAXLEN', NEAR) or call('LPOS', PENDING, id, 'MAXLEN', NEAR)
  return at and length - at or (length > 2 * NEAR and -1 or 0), length
end

local function place()
  if f.status == 'pending' then
    return place_in_pending()
  elseif f.status == 'scheduled' then
    local rank = read('ZRANK', DELAYED, id)
    local before = rank and held_now > 0 and call('ZCOUNT', DELAYED, '-inf', '(' .. kind.first) or math.huge
    if rank and rank >= before and rank < before + held_now then
      is_held = 1
      return rank - before + 1, held_now
    end
    return rank and rank + 1 or 0, call('ZCARD', DELAYED)
  end
  return -1, f.status == 'processing' and read('LLEN', PROCESSING) or f.status == 'completed' and read('LLEN', COMPLETED)
    or f.status == 'failed' and read('LLEN', FAILED) or 0
end

local function holds_key()
  local key = string.match(f.unique or '', '^%a+:(.+)$')
  return key and try('GET', ROOT .. 'unique:' .. key) == id and 1 or 0
end

-- Some units of a run that have not ended yet.
local function outstanding(run)
  local found = {}
  local units = call('HSCAN', UNITS .. run, 0, 'COUNT', LOOKED_AT)[2]
  for i = 1, #units, 2 do
    if #found < MISSING and call('HEXISTS', OUTPUTS .. run, units[i]) == 0 and call('HEXISTS', FAILURES .. run, units[i]) == 0 then
      found[#found + 1] = units[i]
    end
  end
  return found
end

local function figures_of(run_id)
  local run = run_id and run_of(run_id)
  if not run or run.spoilt then
    return {}
  end
  return { run_id, run.state, call('HLEN', UNITS .. run_id), call('HLEN', OUTPUTS .. run_id), call('HLEN', FAILURES .. run_id),
    has_ended(run) and {} or outstanding(run_id) }
end

-- The live run that will create this job when its last unit has ended.
local function run_to_be_gathered()
  for _, run_id in ipairs(read('ZRANGE', AGENDA, 0, LOOKED_AT - 1)) do
    if try('HGET', RUN .. run_id, 'gather_job') == id then
      return run_id
    end
  end
end

local run_id = f.gathers or f.run_id
if #flat == 0 then
  run_id = run_to_be_gathered()
end
local position, length = place()
local pause = read('HMGET', META, 'paused', 'paused_by')
return { text(now), pause[1], pause[2], flat, position, length, holds_key(), figures_of(run_id),
  kind and { kind.kind, kind.state, kind.since, kind.by, held_now, is_held } or {} }
