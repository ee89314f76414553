-- Removes jobs of one status for good, at most 500 a call.
-- KEYS the queue's
-- ARGV[1] the status
-- returns how many ids were taken out; 0 when none is left
local PAGE = 500
local status = ARGV[1]
read('HLEN', META)
local list = ({ pending = PENDING, processing = PROCESSING, completed = COMPLETED, failed = FAILED })[status]
local ids
if list then
  read('LLEN', list)
  ids = call('RPOP', list, PAGE) or {}
else
  ids = read('ZRANGE', DELAYED, 0, PAGE - 1)
  if #ids > 0 then
    call('ZREM', DELAYED, unpack(ids))
  end
end
forget(ids, status)
begin_writing()
count('purged_total', #ids)
return #ids
