-- The door through which a job leaves `pending` before its turn. Redis passes about 100 entries of a list in a microsecond, so
-- the job is looked for only so far from either end.
local FAR_FROM_ENDS = 100000

-- From which end of `pending` an id is to be removed, as LREM counts; nil when it does not stand near either end.
local function end_near(id)
  return call('LPOS', PENDING, id, 'RANK', -1, 'MAXLEN', FAR_FROM_ENDS) and -1
    or call('LPOS', PENDING, id, 'MAXLEN', FAR_FROM_ENDS) and 1 or nil
end

local function leave_pending(id, near)
  call('LREM', PENDING, near, id)
end
