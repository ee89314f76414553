-- Publishes messages. If Redis refuses a message because the user may not publish, the transition must still succeed.

local refusal_to_publish -- what Redis said; nil when it took all messages. Scripts put it behind the last value of their reply.

local function publish(channel, message)
  local receivers = try('PUBLISH', channel, message)
  if type(receivers) == 'table' then
    refusal_to_publish = channel .. ' ' .. receivers.err
  end
end
