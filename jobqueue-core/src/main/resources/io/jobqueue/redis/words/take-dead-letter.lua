-- Takes ids out of the list of dead letters. LREM passes about 100 entries a microsecond, so a call passes a limited number
-- of entries, and leaves the ids that it has no room for to the next call.

local length = read('LLEN', FAILED)
local MOST_PASSED = 200000
local entries_passed = 0

-- Whether this call may take one more id. It always takes one.
local function has_room()
  entries_passed = entries_passed + length
  return entries_passed == length or entries_passed <= MOST_PASSED
end

-- Takes an id out; returns whether it stood there. Callers name the oldest ids first, and those stand at the tail.
local function take_dead_letter(id)
  return call('LREM', FAILED, -1, id) == 1
end
