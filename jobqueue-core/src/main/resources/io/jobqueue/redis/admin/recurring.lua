-- Puts, removes, pauses or resumes a recurring job.
-- KEYS the queue's
-- ARGV[1] `put`, `remove`, `pause` or `resume`  [2] its name  [3...] the definition, for `put`
-- returns `done`, `absent`, or `declared` when instances declare it, so that it can be neither put nor removed
-- needs: words/first-write words/schedules
local verb, name = ARGV[1], ARGV[2]
local s = schedule_of(name)
if not s and verb ~= 'put' then
  return 'absent'
end
if s and s.origin == 'code' and not s.retired and (verb == 'put' or verb == 'remove') then
  return 'declared'
end
if verb == 'put' then
  if not s or s.retired or s.text ~= ARGV[3] then
    s = s or {}
    s.after, s.retired = now, nil
  end
  s.origin = 'admin'
  for k, part in ipairs(DEFINITION) do
    s[part] = ARGV[2 + k]
  end
else
  begin_writing()
  if verb == 'pause' then
    s.paused = s.paused or now
  elseif verb == 'resume' and s.paused then
    s.paused, s.after = nil, now
  end
end
if verb == 'remove' then
  call('HDEL', SCHEDULES, name)
else
  keep_schedule(name, s)
end
schedules_changed()
return 'done'
