-- Pauses or resumes the queue. While it is paused, `road/claim` hands out no jobs; everything else goes on.
-- KEYS the queue's
-- ARGV[1] 1 to pause, 0 to resume  [2] who asks for it
-- needs: words/first-write words/wake
local since = read('HGET', META, 'paused')
local waiting = read('LLEN', PENDING) + read('ZCARD', DELAYED)

begin_writing()
if ARGV[1] == '0' then
  call('HDEL', META, 'paused', 'paused_by')
  keep_hint(waiting) -- delayed jobs count, because workers did not learn meanwhile when the next one is due
elseif not since then
  call('HSET', META, 'paused', NOW, 'paused_by', ARGV[2])
end
return 1
