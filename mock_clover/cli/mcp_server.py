"""The server of `mock-clover mcp`: the tools over stdio, by the SDK of the protocol."""

import anyio
import anyio.to_thread
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from mock_clover import __version__
from mock_clover.cli.mcp_tools import (
    TOOLS,
    ControlTool,
    ToolCaller,
    ToolError,
    error_text,
    input_schema,
)

_INSTRUCTIONS = (
    "mock-clover is a local mock of the Clover payments sandbox. Create a sandbox for each task,"
    " set its environment variables in the application that you test, and run it. If a response is"
    " not what you expect, read the journal: `why` names the rule that decided it."
)


def run(root: str, sandbox: str, control_token: str | None) -> None:
    """Serve the tools until stdin ends."""
    anyio.run(_serve, ToolCaller(root, sandbox, control_token))


async def _serve(caller: ToolCaller) -> None:
    tools = [_tool(each, caller.sandbox) for each in TOOLS]

    async def list_tools(
        _context: ServerRequestContext, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    async def call_tool(
        _context: ServerRequestContext, params: CallToolRequestParams
    ) -> CallToolResult:
        try:
            text = await anyio.to_thread.run_sync(caller.call, params.name, params.arguments or {})
        except ToolError as error:
            return CallToolResult(content=[TextContent(text=error_text(error))], is_error=True)
        return CallToolResult(content=[TextContent(text=text)])

    server: Server = Server(
        "mock-clover",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


def _tool(tool: ControlTool, sandbox: str) -> Tool:
    reads = tool.method == "GET" or tool.name in ("explain", "verify")
    return Tool(
        name=tool.name,
        description=tool.about,
        input_schema=input_schema(tool, sandbox),
        annotations=ToolAnnotations(
            read_only_hint=reads, destructive_hint=tool.replaces, open_world_hint=False
        ),
    )
