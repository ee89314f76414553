-- Creates jobs and adds each to the back of `pending` or to `delayed`. A job whose id exists does not change.
-- KEYS the queue's; then, for a client that may send a call twice, the key that remembers the reply to this call;
--   then, for a batch of an outbox, the key that holds the number of the last batch. The last argument of this call is the
--   number of its batch, and the call changes nothing unless that number is higher.
-- ARGV[1] how long the reply is remembered (ms)  [2] 1 when some of the jobs may be delayed or have a unique key, else
--   0;
--   then for each job: id, kind, payload, and '' or how many words follow: when ('' now | '+ms' from now | 'ms' of the
--   epoch), names and values of further fields (expires_in_ms, max_attempts, headers, run_id, unit_id). A job with a
--   unique key has as its first field `unique`, with replace (0 | 1):period (ms):hold:key, see doors/unique.
--   `expires_in_ms` comes next, then `deadline` with '+ms' from when the job is due or 'ms' of the epoch, then all
--   others.
-- returns one letter a job: C created, E existed, U another job holds the unique key; then for each U a space and the
--   id of that job; or for a batch that is not new '>' and the number of the last batch
-- needs: words/call doors/create doors/join doors/unique words/totals
local answered = CALL and read('GET', CALL)
if answered then
  return answered
end
local LAST_BATCH = KEYS[3]
local batch = LAST_BATCH and table.remove(ARGV)
if batch then
  local last = read('GET', LAST_BATCH)
  if number(last, 0) >= tonumber(batch) then
    return '>' .. last
  end
end
if ARGV[2] == '1' then
  read('LLEN', PENDING)
  earliest = tonumber(read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])
end

-- The job that holds the key takes the payload of the new one while it waits, and while it is delayed also the time.
local function replace(holder, status, kind, payload, due)
  if (status == 'pending' or status == 'scheduled') and call('HGET', JOB .. holder, 'kind') == kind then
    call('HSET', JOB .. holder, 'payload', payload)
    if status == 'scheduled' and due then
      due = math.max(due, now + 1)
      call('HSET', JOB .. holder, 'due_at_ms', text(due))
      join(holder, due)
    end
  end
end

-- The first write needs memory on purpose: a full Redis then refuses the whole call. It also checks the type of
-- `pending` when no job may be delayed or unique.
local NONE, answer, holders = {}, {}, ''
local n, created, i, last = 0, 0, 3, #ARGV
while i <= last do
  local id, words = ARGV[i], ARGV[i + 3]
  n = n + 1
  if call('EXISTS', JOB .. id) == 1 then
    answer[n] = 'E'
  else
    local due, fields, holder, status = now, NONE, nil, nil
    if words ~= '' then
      local when = ARGV[i + 4]
      if when ~= '' then
        due = string.sub(when, 1, 1) == '+' and now + tonumber(when) or tonumber(when)
      end
      fields = { unpack(ARGV, i + 5, i + 3 + words) }
      if fields[1] == 'unique' then
        local replaces, period, hold, key = string.match(fields[2], '^(%d):(%d+):(%a+):(.+)$')
        holder, status = take_unique(id, hold, key, period)
        fields[2] = hold .. ':' .. key
        if holder and replaces == '1' then
          replace(holder, status, ARGV[i + 1], ARGV[i + 2], when ~= '' and due)
        end
      end
      if fields[1] then
        -- the claim looks for the expiry of those jobs only that have one
        local at = fields[1] == 'unique' and 3 or 1
        local expires = fields[at] == 'expires_in_ms'
        at = expires and at + 2 or at
        if fields[at] == 'deadline' and string.sub(fields[at + 1], 1, 1) == '+' then
          local length = tonumber(fields[at + 1])
          fields[at + 1] = text(math.max(due, now) + length) .. ':' .. text(length) -- see words/deadline
        end
        fields[#fields + 1], fields[#fields + 2] = 'more', expires and 'expires' or '1'
      end
    end
    if holder then
      answer[n], holders = 'U', holders .. ' ' .. holder
    else
      answer[n] = 'C'
      created = created + 1
      join(id, due)
      if created == 1 then
        let_in()
      end
      create(id, ARGV[i + 1], ARGV[i + 2], due, fields)
    end
  end
  i = i + 4 + (tonumber(words) or 0)
end
answer = table.concat(answer) .. holders
if created > 0 then
  count('enqueued_total', created)
end
if created > 0 or holders ~= '' then
  let_in()
  if CALL then
    call('SET', CALL, answer, 'PX', ARGV[1])
  end
end
if batch then
  call('SET', LAST_BATCH, batch)
end
return answer
