-- Reads the recurring jobs of a queue.
-- KEYS the queue's
-- ARGV[1...] their names; none for all
-- returns { time, each as `describe` returns it }
-- needs: words/schedules
local found = {}
for name, s in pairs(all_schedules()) do
  if not ARGV[1] or name == ARGV[1] then
    found[#found + 1] = describe(name, s)
  end
end
return { NOW, found }
