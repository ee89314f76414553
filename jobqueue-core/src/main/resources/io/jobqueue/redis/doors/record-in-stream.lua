-- Takes the place of `doors/record` in queues with a history stream, and adds each end of a job to that stream.
-- Consumers learn from `docs/operations/history-stream.md` what an entry has. Redis may refuse the stream, for example when
-- the key is of another type: then the transition succeeds all the same, and `unrecorded_total` of `meta` counts the end.
-- The last three of ARGV belong to this file, which removes them: how many entries to keep, about; how long (ms); the process.
-- needs: words/kinds words/totals words/unit-names

local record, drop_old_records
do
  local HISTORY = ROOT .. 'history'
  local process, age, most = table.remove(ARGV), table.remove(ARGV), table.remove(ARGV)

  -- Adds the end of a job, whose hash holds what the transition has written. A retry is no end.
  --   status  `completed`, `failed`, or `discarded` for a job that is deleted
  --   reason  why the job is `discarded`, or why a job failed that is gone
  --   by      who ended it, when that was not this process
  function record(id, status, reason, by)
    if status == 'retry' then
      return
    end
    local f = try('HMGET', JOB .. id, 'kind', 'attempts', 'enqueued_at_ms', 'started_at_ms', 'run_id', 'unit_id', 'gathers', 'last_error')
    local found = not f.err
    local payload = found and not f[1] and try('HGET', JOB .. id, 'payload')
    local run, unit = '', ''
    local entry = { 'id', id, 'status', status, 'ended_at_ms', NOW, 'worker', by or process }
    local function add(name, value)
      if value and value ~= '' then
        entry[#entry + 1], entry[#entry + 2] = name, value
      end
    end
    if found then
      run, unit = unit_of(f[5], f[6], f[1], payload or '')
      add('kind', kind_of(id, f[1]))
      add('attempts', f[2])
      add('enqueued_at_ms', f[3])
      add('started_at_ms', f[4])
    end
    add('run', run)
    add('unit', unit)
    add('gathers', found and f[7])
    add('reason', status ~= 'completed' and (reason or found and f[8]))
    local added = try('XADD', HISTORY, 'MAXLEN', '~', most, '*', unpack(entry))
    if type(added) == 'table' and added.err then
      count('unrecorded_total', 1)
    end
  end

  -- Drops entries that are too old: first whole blocks, at most 10,000 entries, then what is left in the oldest block.
  function drop_old_records()
    local oldest = text(math.max(0, now - age))
    local dropped = try('XTRIM', HISTORY, 'MINID', '~', oldest, 'LIMIT', 10000)
    if type(dropped) == 'number' and dropped < 10000 then
      try('XTRIM', HISTORY, 'MINID', oldest)
    end
  end
end
