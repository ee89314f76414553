-- The recurring jobs of a queue: fields of the hash `schedules` by name, each a JSON object. The field `:version`
--   changes whenever the instances that run the schedules must read them again. text, kind, payload, max_attempts,
--   headers, missed, limit, overlap   the definition, as it was declared or put
--   origin   `code` when instances declare it, `admin` when it was put at run time
--   after    slots up to this one are done (ms)
--   heard    when an instance last declared this definition (ms)
--   paused, retired   since when (ms), absent when it is not
--   job, slot, open, outcome, ended, error   the last job; `open` while its end has not been seen
--   enqueued, skipped   how many jobs it has enqueued, and how many slots were skipped
local SCHEDULES = ROOT .. 'schedules'
local DEFINITION = { 'text', 'kind', 'payload', 'max_attempts', 'headers', 'missed', 'limit', 'overlap' }

-- The types of the optional parts of a schedule.
local OPTIONAL = { payload = 'string', max_attempts = 'string', headers = 'string', missed = 'string', limit = 'string',
  overlap = 'string', origin = 'string', heard = 'number', paused = 'number', retired = 'number', job = 'string',
  slot = 'string', open = 'string', outcome = 'string', ended = 'number', error = 'string', enqueued = 'number',
  skipped = 'number' }

-- Reads a schedule from the JSON of its field; nil when the JSON holds no schedule. A part of another type would abort
-- a script in the middle, so such a field counts as no schedule; an instance that declares it writes it again.
local function schedule_from(json)
  local ok, s = pcall(cjson.decode, json or '')
  if not (ok and type(s) == 'table' and type(s.text) == 'string' and type(s.kind) == 'string' and type(s.after) == 'number'
    and pcall(cjson.encode, s)) then
    return nil
  end
  for part, kind in pairs(OPTIONAL) do
    if s[part] ~= nil and type(s[part]) ~= kind then
      return nil
    end
  end
  return s
end

local function schedule_of(name)
  return schedule_from(read('HGET', SCHEDULES, name))
end

local function keep_schedule(name, s)
  call('HSET', SCHEDULES, name, cjson.encode(s))
end

-- All schedules by name.
local function all_schedules()
  local found, fields = {}, read('HGETALL', SCHEDULES)
  for i = 1, #fields, 2 do
    found[fields[i]] = schedule_from(fields[i + 1])
  end
  return found
end

-- Makes instances read the schedules again. The key of a queue without schedules is deleted, because a queue without
-- this key costs nothing.
local function schedules_changed()
  local version = call('HGET', SCHEDULES, ':version')
  if call('HLEN', SCHEDULES) == (version and 1 or 0) then
    call('UNLINK', SCHEDULES)
  else
    call('HSET', SCHEDULES, ':version', text(math.max(now, number(version, 0) + 1)))
  end
end

-- A schedule as Java reads it.
local function describe(name, s)
  local words = { name }
  for _, part in ipairs({ 'text', 'kind', 'origin', 'missed', 'limit', 'overlap', 'after', 'paused', 'retired', 'job', 'slot',
    'open', 'outcome', 'ended', 'error', 'enqueued', 'skipped' }) do
    local value = s[part] or ''
    words[#words + 1] = type(value) == 'number' and text(value) or tostring(value)
  end
  return words
end
