-- Stores the value of a job's step, if the token still owns the job.
-- KEYS the queue's
-- ARGV[1] job id  [2] token, not empty  [3] field  [4] value
-- returns 1 written, 0 no longer the token's
local f = read('HMGET', JOB .. ARGV[1], 'status', 'claim_token')
if f[1] ~= 'processing' or f[2] ~= ARGV[2] then
  return 0
end
call('HSET', JOB .. ARGV[1], ARGV[3], ARGV[4])
return 1
