-- The door through which a job leaves `delayed` before it is due; returns whether it was there.

local function unschedule(id)
  return call('ZREM', DELAYED, id) == 1
end
