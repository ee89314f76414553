-- Enqueues the jobs of due slots, each once, and checks whether the last jobs have ended. A slot that another instance
-- has fired changes nothing.
-- KEYS the queue's
-- ARGV[1] the version of the schedules that the caller knows, '' for none  [2] how many names follow, of schedules
--   whose last job is open as far as the caller knows; then for each schedule that is due: its name, `after` as the
--   caller knows it, the new `after` (ms), how many slots follow, and the slots as text
-- returns { time, version, { name, slot, id, kind, `enqueued` `existed` or `skipped`, … }, the schedules, nothing when
--   the version is still the same }
-- needs: words/schedules words/slots
read('LLEN', PENDING)
local done, changed = {}, false

local i = 3 + ARGV[2]
while i <= #ARGV do
  local name, after, upto, slots = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local s = schedule_of(name)
  if s and not s.paused and not s.retired and text(s.after) == after and upto <= now then
    local held = is_held(s)
    for k = i + 4, i + 3 + slots do
      local slot, how = ARGV[k], 'skipped'
      local id = 'recurring:' .. name .. ':' .. slot
      if held then
        s.skipped = (s.skipped or 0) + 1
      else
        how = enqueue_slot(name, s, id, slot) and 'enqueued' or 'existed'
      end
      for _, word in ipairs({ name, slot, id, s.kind, how }) do
        done[#done + 1] = word
      end
    end
    s.after, changed = upto, true
    keep_schedule(name, s)
  end
  i = i + 4 + slots
end
let_in_slots()

for k = 3, 2 + ARGV[2] do
  local s = schedule_of(ARGV[k])
  if s and s.open and not is_live(s.job) then
    local f = try('HMGET', JOB .. s.job, 'status', 'completed_at_ms', 'last_error_at_ms', 'last_error')
    local failed = f[1] == 'failed'
    s.open, s.outcome, changed = nil, (failed or f[1] == 'completed') and f[1] or 'gone', true
    s.ended = number(f[failed and 3 or 2], nil)
    s.error = failed and f[4] or nil
    if s.error and #s.error > 500 then
      s.error = string.gsub(string.sub(s.error, 1, 500), '[\192-\255][\128-\191]*$', '') -- no half of a letter
    end
    keep_schedule(ARGV[k], s)
  end
end

if changed then
  schedules_changed()
end
local version = read('HGET', SCHEDULES, ':version') or ''
local all
if version ~= ARGV[1] or version == '' then
  all = {}
  for name, s in pairs(all_schedules()) do
    all[#all + 1] = describe(name, s)
  end
end
return { NOW, version, done, all or false }
