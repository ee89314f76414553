-- The door through which a job that completes starts the next job of its chain.
-- needs: doors/create doors/join doors/unique words/totals

local followers = {} -- ids and kinds of the jobs that this script created

-- The jobs that follow, from the field `next`: an array with an array for each job of its id, kind, payload, when it is due
-- ('' at once | '+ms' from now | 'ms' of the epoch), and an array of names and values of further fields, as road/enqueue
-- takes them. Returns nil when another client has spoilt the field: the job still completes, and its chain ends.
local function chain_of(field)
  local read, jobs = pcall(cjson.decode, field)
  local first = read and type(jobs) == 'table' and jobs[1]
  if type(first) ~= 'table' or type(first[5]) ~= 'table' then
    return nil
  end
  for i = 1, 4 do
    if type(first[i]) ~= 'string' then
      return nil
    end
  end
  for _, word in ipairs(first[5]) do
    if type(word) ~= 'string' then
      return nil
    end
  end
  return #first[5] % 2 == 0 and jobs
end

-- Creates the next job; gives it the result of the job before and the rest of the chain. The chain ends when a job of that id
-- exists, or when another job holds the unique key.
local function follow(hash, field, result)
  local jobs = field and chain_of(field)
  if not jobs then
    return
  end
  call('HDEL', hash, 'next')
  local next_job = table.remove(jobs, 1)
  local id, kind, payload, when, fields = unpack(next_job)
  if call('EXISTS', JOB .. id) == 1 then
    return
  end
  local due = string.sub(when, 1, 1) == '+' and now + number(string.sub(when, 2), 0) or number(when, now)
  local more = '1'
  for i = 1, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    if name == 'unique' then
      local period, hold, key = string.match(value, '^%d:(%d+):(%a+):(.+)$')
      if not key or take_unique(id, hold, key, period) then
        return
      end
      fields[i + 1] = hold .. ':' .. key
    elseif name == 'expires_in_ms' then
      more = 'expires'
    elseif name == 'deadline' and string.sub(value, 1, 1) == '+' then
      local length = number(string.sub(value, 2), 0)
      fields[i + 1] = text(math.max(due, now) + length) .. ':' .. text(length) -- see words/deadline
    end
  end
  local further = { 'previous', result, 'more', more }
  if type(jobs[1]) == 'table' then
    further = { 'next', cjson.encode(jobs), 'next_id', tostring(jobs[1][1]), unpack(further) }
  end
  for _, word in ipairs(further) do
    fields[#fields + 1] = word
  end
  join(id, due)
  create(id, kind, payload, due, fields)
  count('enqueued_total', 1)
  followers[#followers + 1], followers[#followers + 2] = id, kind
end
