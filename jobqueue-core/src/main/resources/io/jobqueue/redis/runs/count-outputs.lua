-- Reads how many units of a run have ended, at one instant.
-- KEYS the queue's
-- ARGV[1] run_id
-- returns { expected or -1, units with an output, failed units }
-- needs: words/runs
local f = read('HMGET', RUN .. ARGV[1], 'expected', 'state')
local expected = number(f[1], -1)
if f[2] then
  expected = f[2] == 'open' and -1 or read('HLEN', UNITS .. ARGV[1]) -- all of them are known once it is sealed
end
return { expected, read('HLEN', OUTPUTS .. ARGV[1]), read('HLEN', FAILURES .. ARGV[1]) }
