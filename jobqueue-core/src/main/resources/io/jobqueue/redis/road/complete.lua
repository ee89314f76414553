-- Ends attempts, each only if its token still owns the job. This file handles jobs that completed, belong to no run, have no
-- unique key, and are followed by no job. Most calls hold only those; `road/settle` handles the others.
-- KEYS the queue's
-- ARGV[1] completed jobs to keep  [2] dead letters to keep  [3] how long a run's keys live on (ms)  [4] how many failed
--   attempts of a job to keep  [5] how many attempts are of the sort that this file handles; they come first: id, token,
--   result of each
--   then for each other: id, token, verb (DELIVER | RETRY | SNOOZE | FAIL | RELEASE | UNKNOWN), text (result or error), output
--   ('' = the same), delay (ms; of UNKNOWN how long a job may be unknown), max_attempts, run_id, unit_id, details of a failure
--   or ''. DELIVER completes a unit, a gather job, a job with a unique key, or one that another job follows.
-- returns { one digit an attempt: 0 refused, 1 done, 2 had been done, 3 is a final failure instead, 4 failed because the job
--   was cancelled; dead letters dropped; { run id, state, … } of the runs that ended; { id, kind, … } of the jobs that follow
--   completed ones; why Redis refused a message, if it did }
-- needs: words/first-write words/publish doors/leave doors/complete
-- goes on in: road/settle
local REFUSED, DONE, ALREADY, ENDED, UNDONE = '0', '1', '2', '3', '4'
read('LLEN', COMPLETED)

-- The token is enough to look at: as long as the job has it, the job is being processed, or has completed and is in no list.
local answers, hashes = {}, {}
local others_at = 6 + 3 * ARGV[5]
for i = 6, others_at - 3, 3 do
  local hash, token = JOB .. ARGV[i], ARGV[i + 1]
  local owner = try('HGET', hash, 'claim_token')
  hashes[#hashes + 1] = token ~= '' and owner == token and hash
end
local next_due -- when the first delayed job is due
if others_at <= #ARGV then
  read('LLEN', PENDING)
  read('LLEN', FAILED)
  next_due = tonumber(read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])
end

if not scan then
  begin_writing() -- a mark needs memory, a LREM does not
end
for at, hash in ipairs(hashes) do
  local i = 3 + 3 * at
  local id, answer = ARGV[i], REFUSED
  if hash and leave(id, hash) then
    complete(id, hash, ARGV[i + 2])
    answer = DONE
  elseif hash and call('HGET', hash, 'status') == 'completed' then
    answer = ALREADY
  end
  answers[at] = answer
end
if others_at > #ARGV then
  forget_marks()
  keep_completed(tonumber(ARGV[1]))
  return { table.concat(answers), 0, {}, {}, refusal_to_publish }
end
