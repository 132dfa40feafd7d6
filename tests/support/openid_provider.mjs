// The OpenID provider of npm, `oidc-provider`, with people for tests. Arguments: its folder, the port, our callback.
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [folder, port, callback] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(join(folder, "node_modules/oidc-provider/lib/index.js")));

// The name that somebody logs in with there is their subject; what follows a plus sign are their groups.
const findAccount = (_context, id) => ({
  accountId: id,
  claims: () => ({
    sub: id,
    email: `${id.split("+")[0]}@shop.example`,
    email_verified: !id.startsWith("unverified"),
    name: `${id.split("+")[0]} of the directory`,
    groups: id.split("+").slice(1),
  }),
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "answerback",
      client_secret: "a secret of the client",
      redirect_uris: [callback],
      post_logout_redirect_uris: [callback.replace("/sso/callback", "/login")],
    },
  ],
  claims: { email: ["email", "email_verified"], profile: ["name", "groups"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  cookies: { keys: ["a key of the provider's cookies"] },
  findAccount,
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
