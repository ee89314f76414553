-- The door through which a job leaves `delayed` before it is due.

local function unschedule(id)
  call('ZREM', DELAYED, id)
end
