-- Idle workers wait for a hint in the list `wake`. It holds one hint while jobs wait, so that one worker wakes, and none when
-- no job waits. Without a hint, the next poll finds the job.

-- waiting: how many jobs wait
local function keep_hint(waiting)
  local hints = try('LLEN', WAKE)
  if hints == 0 and waiting > 0 then
    try('LPUSH', WAKE, '1')
  elseif waiting == 0 and hints ~= 0 and type(hints) == 'number' then
    try('DEL', WAKE)
  end
end
