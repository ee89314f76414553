-- How far a run is, of one instant.
-- KEYS the queue's
-- ARGV[1] run_id
-- returns { expected or -1, units with an output, failed units }
return { number(read('HGET', RUN .. ARGV[1], 'expected'), -1), read('HLEN', OUTPUTS .. ARGV[1]), read('HLEN', FAILURES .. ARGV[1]) }
