-- Enqueues the jobs of a recurring job.
-- needs: words/totals doors/create doors/join

local new_jobs = 0

-- Whether a job has not ended.
local function is_live(id)
  local status = id and try('HGET', JOB .. id, 'status')
  return status == 'pending' or status == 'scheduled' or status == 'processing'
end

-- Whether the last job prevents the next one.
local function is_held(s)
  return s.overlap == 'skip' and is_live(s.job)
end

-- Creates a job, unless its id exists; returns whether it did. The caller saves the schedule and calls `let_in_slots`.
--   slot  the slot as text, nil for a job that was triggered
local function enqueue_slot(name, s, id, slot)
  if call('EXISTS', JOB .. id) == 1 then
    return false
  end
  local ok, headers = pcall(cjson.decode, s.headers or '')
  headers = ok and type(headers) == 'table' and pcall(cjson.encode, headers) and headers or {}
  headers['recurring-name'], headers['recurring-slot'] = name, slot
  local fields = { 'headers', cjson.encode(headers), 'more', '1' }
  if s.max_attempts and s.max_attempts ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'max_attempts', s.max_attempts
  end
  create(id, s.kind, s.payload or '{}', now, fields)
  join(id, now)
  s.job, s.slot, s.open, s.enqueued = id, slot or '', '1', (s.enqueued or 0) + 1
  s.outcome, s.ended, s.error = nil, nil, nil
  new_jobs = new_jobs + 1
  return true
end

local function let_in_slots()
  let_in()
  count('enqueued_total', new_jobs)
end
