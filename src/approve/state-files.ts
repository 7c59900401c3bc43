// Names of files in the shim's state directory. Services name them without loading what reads and writes them.

/** The approver's device identity. */
export const IDENTITY_FILE = "device.pem";

/** The user whose gateway first accepted the token. */
export const GATEWAY_USER_FILE = "gateway-user";
