-- Creates jobs, each of which waits at the back of `pending` or in `delayed`. A job whose id exists is not touched.
-- KEYS the queue's; then, for a client that may send a call twice, the key under which the answer to this call is remembered
-- ARGV[1] how long the answer is remembered (ms)  [2] 1 when some of the jobs may be delayed, else 0; then for each job:
--   id, kind, payload, and '' or how many words follow: when ('' now | '+ms' from now | 'ms' of the epoch), names and values
--   of further fields (max_attempts, headers, run_id, unit_id)
-- returns one letter a job: C created, E existed
-- needs: doors/create doors/join words/totals
local CALL = KEYS[2]
local answered = CALL and read('GET', CALL)
if answered then
  return answered
end
if ARGV[2] == '1' then
  read('LLEN', PENDING)
  earliest = tonumber(read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])
end

-- The first write, which lets the first job in, needs memory on purpose: a full Redis refuses the whole call. It also is the
-- check of the type of `pending`, when no job may be delayed.
local NONE, answer = {}, {}
local n, created, i, last = 0, 0, 3, #ARGV
while i <= last do
  local id, words = ARGV[i], ARGV[i + 3]
  n = n + 1
  if call('EXISTS', JOB .. id) == 1 then
    answer[n] = 'E'
  else
    answer[n] = 'C'
    created = created + 1
    local due, fields = now, NONE
    if words ~= '' then
      local when = ARGV[i + 4]
      if when ~= '' then
        due = string.sub(when, 1, 1) == '+' and now + tonumber(when) or tonumber(when)
      end
      fields = { unpack(ARGV, i + 5, i + 3 + words) }
      if fields[1] then
        fields[#fields + 1], fields[#fields + 2] = 'more', '1'
      end
    end
    join(id, due)
    if created == 1 then
      let_in()
    end
    create(id, ARGV[i + 1], ARGV[i + 2], due, fields)
  end
  i = i + 4 + (tonumber(words) or 0)
end
answer = table.concat(answer)
if created > 0 then
  let_in()
  count('enqueued_total', created)
  if CALL then
    call('SET', CALL, answer, 'PX', ARGV[1])
  end
end
return answer
