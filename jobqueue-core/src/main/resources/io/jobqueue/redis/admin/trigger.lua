-- Enqueues a job of a recurring job at once, unless its last job has not ended and must not overlap.
-- KEYS the queue's
-- ARGV[1] its name  [2] the job's id
-- returns { `absent` }, or { `enqueued` or `existed`, id, kind }
-- needs: words/schedules words/slots
read('LLEN', PENDING)
local name, id = ARGV[1], ARGV[2]
local s = schedule_of(name)
if not s then
  return { 'absent' }
end
if is_held(s) and s.job ~= id then
  return { 'existed', s.job, s.kind }
end
if enqueue_slot(name, s, id, nil) then
  keep_schedule(name, s)
  schedules_changed()
  let_in_slots()
end
return { 'enqueued', id, s.kind }
