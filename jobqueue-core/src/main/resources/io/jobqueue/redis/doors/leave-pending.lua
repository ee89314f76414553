-- The door through which a job leaves `pending` before its turn. Redis scans about 100 entries of a list in a
-- microsecond, so the script looks only at a limited distance from both ends.
local FAR_FROM_ENDS = 100000

-- The count for LREM that removes an id from the nearer end of `pending`; nil when the id is not near either end.
local function end_near(id)
  return call('LPOS', PENDING, id, 'RANK', -1, 'MAXLEN', FAR_FROM_ENDS) and -1
    or call('LPOS', PENDING, id, 'MAXLEN', FAR_FROM_ENDS) and 1 or nil
end

local function leave_pending(id, near)
  call('LREM', PENDING, near, id)
end
