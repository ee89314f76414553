-- The kinds that are paused. The field `paused_kinds` of `meta` has a line for each of them: its kind, slot and state,
-- since when it is paused (ms of the epoch), and who paused it.
-- A claim that meets a job of a paused kind holds the job: the job waits in `delayed`, behind all jobs that have a due
-- time. A slot is a range of scores. The jobs of a kind stand in its slot in the order in which claims met them. A
-- resumed kind has the state `resumed` until claims have taken the jobs of its slot, before all other jobs.
local HELD, SLOT, SLOTS = 4e15, 1e13, 100 -- the first score, how many scores a slot has, how many slots there are

-- Reads the field. Most calls have none, so everything is made in here.
local function paused_kinds(field)
  local kinds = {}
  for kind, slot, state, since, by in string.gmatch(field or '', '([^\t\n]+)\t(%d+)\t(%a+)\t(%d+)\t([^\t\n]*)\n') do
    local first = HELD + slot * SLOT
    kinds[#kinds + 1] = { kind = kind, slot = tonumber(slot), state = state, since = since, by = by,
      first = text(first), last = text(first + SLOT - 1) }
  end

  -- The line of a job's kind. Jobs of guide clients name their kind in the payload only.
  function kinds.of(kind, payload)
    if not kind and payload then
      local readable, object = pcall(cjson.decode, payload)
      kind = readable and type(object) == 'table' and object.kind
    end
    for _, each in ipairs(kinds) do
      if each.kind == kind then
        return each
      end
    end
  end

  -- The slot in which a job has to wait; nil when its kind is not paused.
  function kinds.slot_of(kind, payload)
    local found = kinds.of(kind, payload)
    return found and found.state == 'paused' and found.slot or nil
  end

  -- The oldest held jobs of the first resumed kind, one more than asked for if there are so many; and the place of the
  -- kind among the kinds.
  function kinds.resumed(most)
    for at, each in ipairs(kinds) do
      if each.state == 'resumed' then
        local before = call('ZCOUNT', DELAYED, '-inf', '(' .. each.first)
        local in_slot = call('ZCOUNT', DELAYED, each.first, each.last)
        return in_slot > 0 and call('ZRANGE', DELAYED, before, before + math.min(in_slot - 1, most)) or {}, at
      end
    end
    return {}
  end

  function kinds.write()
    local lines = {}
    for i, each in ipairs(kinds) do
      lines[i] = table.concat({ each.kind, each.slot, each.state, each.since, each.by }, '\t') .. '\n'
    end
    if lines[1] then
      call('HSET', META, 'paused_kinds', table.concat(lines))
    else
      call('HDEL', META, 'paused_kinds')
    end
  end
  return kinds
end
