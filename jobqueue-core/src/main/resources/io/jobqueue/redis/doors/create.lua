-- The door through which jobs are created.

-- Writes the hash of a job whose id does not exist. The caller adds the job to a list; see doors/join.
--   due     when the job is due (ms of the epoch); it waits in `pending` when that is not later than now
--   fields  pairs of further fields. When a claim is to read some of them, `more` with the value 1 is among them.
local function create(id, kind, payload, due, fields)
  if due > now then
    fields[#fields + 1], fields[#fields + 2] = 'due_at_ms', text(due)
  end
  call('HSET', JOB .. id, 'id', id, 'kind', kind, 'payload', payload, 'status', due > now and 'scheduled' or 'pending',
    'attempts', '0', 'enqueued_at_ms', NOW, 'claim_token', '', unpack(fields))
end
