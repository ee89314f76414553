-- Goes on from `claim`: ends the jobs that cannot run, because their payload is gone.
-- needs: words/runs words/endings
for _, id in ipairs(broken) do
  local f = call('HMGET', JOB .. id, 'run_id', 'unit_id', 'gathers')
  bury_lost(id, f[1], f[2], f[3], tonumber(ARGV[4]))
end
reply[4] = end_runs()
return reply
