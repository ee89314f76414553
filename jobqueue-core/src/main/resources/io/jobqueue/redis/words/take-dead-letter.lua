-- Removes ids from the list of dead letters. LREM scans about 100 entries in a microsecond, so a call scans a limited
-- number of entries, and leaves further ids to the next call.

local length = read('LLEN', FAILED)
local MOST_PASSED = 200000
local entries_passed = 0

-- Whether this call may take one more id. It always takes one.
local function has_room()
  entries_passed = entries_passed + length
  return entries_passed == length or entries_passed <= MOST_PASSED
end

-- Removes an id; returns whether it was there. Callers pass the oldest ids first, which are at the tail.
local function take_dead_letter(id)
  return call('LREM', FAILED, -1, id) == 1
end
