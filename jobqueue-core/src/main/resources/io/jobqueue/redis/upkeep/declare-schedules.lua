-- Declares the recurring jobs of an instance, and retires those that no instance declares any more. A definition stays
-- in force while an instance declares it, so instances of two versions do not overwrite each other.
-- KEYS the queue's
-- ARGV[1] since when the instance has been declaring (ms)  [2] how long a definition stays in force after it was last
--   declared (ms)  [3] how long until a recurring job is retired (ms)  [4] how long a retired one is kept (ms); then
--   for each: its name and its definition
-- returns { names whose definition in this call is not in force }
-- needs: words/first-write words/schedules
local been_here, grace, retire, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local all, mine, others_in_force, changed = all_schedules(), {}, {}, false
begin_writing()

local function is_same(s, at)
  for k, part in ipairs(DEFINITION) do
    if s[part] ~= ARGV[at + k] then
      return false
    end
  end
  return true
end

-- Puts the definition at an index of ARGV into force. If its times differ, the schedule starts again.
local function redefine(s, at)
  if s.text ~= ARGV[at + 1] or s.retired and now - s.retired > retire then
    s.after = now
  end
  for k, part in ipairs(DEFINITION) do
    s[part] = ARGV[at + k]
  end
  s.origin, s.retired = 'code', nil
end

for i = 5, #ARGV, #DEFINITION + 1 do
  local name = ARGV[i]
  local s = all[name] or { after = now, heard = 0 }
  mine[name] = true
  if s.origin ~= 'code' or s.retired or not is_same(s, i) and now - (s.heard or 0) >= grace then
    redefine(s, i)
    changed = true
  end
  if is_same(s, i) then
    s.heard = now
    keep_schedule(name, s)
  else
    others_in_force[#others_in_force + 1] = name
  end
end

for name, s in pairs(all) do
  if s.after > now + 3600000 then
    s.after, changed = now, true -- the clock of Redis was set back
    keep_schedule(name, s)
  end
  if s.origin == 'code' and not mine[name] then
    if s.retired and now - s.retired > kept then
      call('HDEL', SCHEDULES, name)
      changed = true
    elseif not s.retired and been_here > retire and now - (s.heard or 0) > retire then
      s.retired, changed = now, true
      keep_schedule(name, s)
    end
  end
end
if changed then
  schedules_changed()
end
return others_in_force
